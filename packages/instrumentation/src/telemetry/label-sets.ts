import {
  ATTR_GEN_AI_OPERATION_NAME,
  ATTR_GEN_AI_REQUEST_MODEL,
  ATTR_GEN_AI_RESPONSE_MODEL,
  ATTR_GEN_AI_TOKEN_TYPE,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  CONVENTIONS,
} from '@costel/semconv';
import type { Attributes } from '@opentelemetry/api';
import { ATTRIBUTE_OF_FIELD, type AttributionField } from '../attribution/cost-attribution.js';
import type { AttributionLabel, InstrumentationOptions } from '../config.js';
import type { LabelLimiter } from './label-limiter.js';

/** What a call's metric points are labelled with, besides what its outcome says. */
export interface MetricSubject {
  readonly operation: string;
  readonly provider: string;
  readonly requestModel: string;
  /** Left out where the provider's name says it: fewer labels make cheaper points. */
  readonly serverAddress?: string | undefined;
  readonly serverPort?: number | undefined;
  /** Attribution under attribute names; only the allowed labels are taken. */
  readonly attribution: Readonly<Record<string, string>>;
}

/** The labels of a call's points; those of the token points say the direction too. */
export interface LabelSet<Cell> {
  readonly all: Attributes;
  readonly input: Attributes;
  readonly output: Attributes;
  /** What is kept by these labels between collections, found with them at no cost. */
  readonly cell: Cell;
}

/** Calls of one kind follow each other, so few sets serve most calls; a map that outgrows this is emptied. */
const MAX_CACHED_SETS = 2000;

/** Separates the parts of a key; no name or model holds it. */
const SEPARATOR = '\u0001';

function attributeOfLabel(label: AttributionLabel): string {
  return label.startsWith('tag.') ? `costel.${label}` : ATTRIBUTE_OF_FIELD[label as AttributionField];
}

/** Labels by name, as OpenTelemetry's SDK sorts them for every point: what is in order is sorted fastest. */
function inOrder(labels: Attributes): Attributes {
  return Object.fromEntries(Object.entries(labels).sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** Builds label sets, each once, for building them anew costs more than recording the points. */
export class LabelSets<Cell> {
  readonly #limiter: LabelLimiter;
  readonly #cellOf: (labels: Attributes) => Cell;
  readonly #providerName: string;
  readonly #attributionNames: readonly string[];
  readonly #sets = new Map<string, LabelSet<Cell>>();
  #lastSubject: MetricSubject | undefined;
  #lastResponseModel: string | undefined;
  #lastSet: LabelSet<Cell> | undefined;

  constructor(options: InstrumentationOptions, limiter: LabelLimiter, cellOf: (labels: Attributes) => Cell) {
    this.#limiter = limiter;
    this.#cellOf = cellOf;
    this.#providerName = CONVENTIONS[options.conventions].providerName;
    this.#attributionNames = options.metricLabels.map(attributeOfLabel);
  }

  /** The labels of a call, with values beyond the limit replaced. */
  of(subject: MetricSubject, responseModel: string | undefined): LabelSet<Cell> {
    // Most calls are like the one before; comparing names costs less than joining and hashing them.
    if (this.#lastSet !== undefined && this.#isLikeTheLast(subject, responseModel)) return this.#lastSet;
    this.#lastSubject = subject;
    this.#lastResponseModel = responseModel;
    return (this.#lastSet = this.#find(subject, responseModel));
  }

  #isLikeTheLast(subject: MetricSubject, responseModel: string | undefined): boolean {
    const last = this.#lastSubject;
    if (
      last === undefined ||
      responseModel !== this.#lastResponseModel ||
      subject.requestModel !== last.requestModel ||
      subject.operation !== last.operation ||
      subject.provider !== last.provider ||
      subject.serverAddress !== last.serverAddress ||
      subject.serverPort !== last.serverPort
    )
      return false;
    for (const name of this.#attributionNames) if (subject.attribution[name] !== last.attribution[name]) return false;
    return true;
  }

  #find(subject: MetricSubject, responseModel: string | undefined): LabelSet<Cell> {
    let key = [
      subject.operation,
      subject.provider,
      subject.requestModel,
      responseModel,
      subject.serverAddress,
      subject.serverPort,
    ].join(SEPARATOR);
    for (const name of this.#attributionNames) key += SEPARATOR + (subject.attribution[name] ?? '');
    let set = this.#sets.get(key);
    if (set === undefined) {
      const all = inOrder(this.#build(subject, responseModel));
      set = {
        all,
        input: inOrder({ ...all, [ATTR_GEN_AI_TOKEN_TYPE]: 'input' }),
        output: inOrder({ ...all, [ATTR_GEN_AI_TOKEN_TYPE]: 'output' }),
        cell: this.#cellOf(all),
      };
      if (this.#sets.size >= MAX_CACHED_SETS) this.#sets.clear();
      this.#sets.set(key, set);
    }
    return set;
  }

  #build(subject: MetricSubject, responseModel: string | undefined): Attributes {
    const labels: Attributes = {
      [ATTR_GEN_AI_OPERATION_NAME]: subject.operation,
      [this.#providerName]: subject.provider,
    };
    if (subject.requestModel !== '') labels[ATTR_GEN_AI_REQUEST_MODEL] = this.#admit('model', subject.requestModel);
    if (responseModel !== undefined) labels[ATTR_GEN_AI_RESPONSE_MODEL] = this.#admit('model', responseModel);
    if (subject.serverAddress !== undefined) {
      labels[ATTR_SERVER_ADDRESS] = this.#admit('server', subject.serverAddress);
      if (subject.serverPort !== undefined) labels[ATTR_SERVER_PORT] = subject.serverPort;
    }
    for (const name of this.#attributionNames) {
      const value = subject.attribution[name];
      if (value !== undefined) labels[name] = this.#admit(name, value);
    }
    return labels;
  }

  #admit(label: string, value: string): string {
    return this.#limiter.admit(label, value);
  }
}
