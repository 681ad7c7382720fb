// Random numbers that repeat: the same seed gives the same traffic, so a difference can be looked at twice.

/**
 * @typedef {object} SeededRandom
 * @property {() => number} next a number in [0, 1)
 * @property {(least: number, most: number) => number} integer a whole number in [least, most]
 * @property {<T>(values: readonly T[]) => T} pick one of the values
 */

/**
 * @param {string} seed any text
 * @returns {SeededRandom}
 */
export function seededRandom(seed) {
  let state = hash(seed);
  const next = () => {
    // mulberry32: 32 bits of state, good enough to vary answers.
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const integer = (/** @type {number} */ least, /** @type {number} */ most) =>
    least + Math.floor(next() * (most - least + 1));
  return {
    next,
    integer,
    pick: (values) => {
      const value = values[integer(0, values.length - 1)];
      if (value === undefined) throw new RangeError('pick needs at least one value');
      return value;
    },
  };
}

/** @param {string} text FNV-1a over UTF-16 code units */
function hash(text) {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  return value | 0;
}
