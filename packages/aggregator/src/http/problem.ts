/** Every code that an error of the HTTP API can carry, with its status; described in the README. */
export const PROBLEM_STATUS = {
  invalid_parameter: 400,
  unknown_parameter: 400,
  not_authorized: 401,
  host_not_allowed: 403,
  origin_not_allowed: 403,
  not_found: 404,
  method_not_allowed: 405,
  store_unavailable: 503,
  not_ready: 503,
  internal_error: 500,
} as const;

/** A stable error code of the HTTP API. */
export type ProblemCode = keyof typeof PROBLEM_STATUS;

const TITLES: Readonly<Record<ProblemCode, string>> = {
  invalid_parameter: 'A parameter has a value that it cannot have',
  unknown_parameter: 'There is no such parameter',
  not_authorized: 'The token is missing or wrong',
  host_not_allowed: 'This host name is not served',
  origin_not_allowed: 'Pages of other origins may not read this',
  not_found: 'There is nothing at this path',
  method_not_allowed: 'This method is not served here',
  store_unavailable: 'The store did not answer',
  not_ready: 'The service is not ready',
  internal_error: 'Something went wrong here',
};

/** What is wrong, in the words of the house: value, limit, fix. */
export interface ProblemDetails {
  readonly detail: string;
  readonly parameter?: string;
  readonly value?: string;
  readonly limit?: string;
  readonly fix?: string;
}

/** An error that the API answers with `application/problem+json` (RFC 9457). */
export class ApiProblem extends Error {
  readonly code: ProblemCode;
  readonly status: (typeof PROBLEM_STATUS)[ProblemCode];
  readonly details: ProblemDetails;

  constructor(code: ProblemCode, details: ProblemDetails, cause?: unknown) {
    super(details.detail, { cause });
    this.name = 'ApiProblem';
    this.code = code;
    this.status = PROBLEM_STATUS[code];
    this.details = details;
  }

  /** The body of the answer. */
  toJSON(): object {
    return {
      type: `urn:costel:problem:${this.code}`,
      title: TITLES[this.code],
      status: this.status,
      code: this.code,
      ...this.details,
    };
  }
}
