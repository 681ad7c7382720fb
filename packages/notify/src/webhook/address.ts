import { isIP } from 'node:net';

/** A range of addresses: its first address as bytes, and how many leading bits are fixed. */
interface AddressRange {
  readonly bytes: readonly number[];
  readonly bits: number;
}

function parseIpv4(address: string): readonly number[] {
  return address.split('.').map(Number);
}

/** The 16 bytes of a valid IPv6 address without a zone. */
function parseIpv6(address: string): readonly number[] {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(address);
  if (dotted?.[1] !== undefined && dotted[2] !== undefined) {
    const [a = 0, b = 0, c = 0, d = 0] = parseIpv4(dotted[2]);
    return parseIpv6(`${dotted[1]}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`);
  }
  const [head = '', tail] = address.split('::');
  const toGroups = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const before = toGroups(head);
  const after = tail === undefined ? [] : toGroups(tail);
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => 0);
  return [...before, ...zeros, ...after].flatMap((group) => [group >> 8, group & 0xff]);
}

function range(text: string): AddressRange {
  const [address = '', bits = ''] = text.split('/');
  return { bytes: isIP(address) === 4 ? parseIpv4(address) : parseIpv6(address), bits: Number(bits) };
}

function isWithin(bytes: readonly number[], { bytes: first, bits }: AddressRange): boolean {
  return first.every((byte, index) => {
    const fixed = Math.max(0, Math.min(8, bits - index * 8));
    const mask = (0xff << (8 - fixed)) & 0xff;
    return ((bytes[index] ?? 0) & mask) === (byte & mask);
  });
}

/** IANA's special-purpose IPv4 ranges that no public service has: own network, private, CGNAT, link-local, tests, multicast. */
const CLOSED_IPV4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
].map(range);

/** Public IPv6 is allocated from here alone: loopback, unique local, link-local and multicast are all outside. */
const GLOBAL_IPV6 = range('2000::/3');

/** Inside `2000::/3`, and not public or a tunnel to an IPv4 address that nobody checked. */
const CLOSED_IPV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'].map(range);

/** Last 32 bits are an IPv4 address: mapped, translated (NAT64). */
const EMBEDS_IPV4 = ['::ffff:0:0/96', '64:ff9b::/96'].map(range);

function isPublicIpv4(bytes: readonly number[]): boolean {
  return !CLOSED_IPV4.some((closed) => isWithin(bytes, closed));
}

/**
 * Whether an IP address is one of the public Internet. Everything else is refused: loopback, private, link-local (cloud
 * metadata is 169.254.169.254), carrier-grade NAT, unique local, documentation, multicast, and IPv6 forms that hold such
 * an IPv4 address (`::ffff:7f00:1` is 127.0.0.1). False for what is no IP address.
 */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return isPublicIpv4(parseIpv4(address));
  if (family !== 6 || address.includes('%')) return false;
  const bytes = parseIpv6(address);
  if (EMBEDS_IPV4.some((embedding) => isWithin(bytes, embedding))) return isPublicIpv4(bytes.slice(12));
  return isWithin(bytes, GLOBAL_IPV6) && !CLOSED_IPV6.some((closed) => isWithin(bytes, closed));
}
