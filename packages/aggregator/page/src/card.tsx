import type { ComponentChildren } from 'preact';

interface CardProps {
  readonly title: string;
  /** How much of a row it takes on a wide screen; default: half. */
  readonly size?: 'third' | 'half' | 'full';
  readonly error?: string | undefined;
  readonly loading?: boolean;
  /** What the reader may choose, to the right of the title. */
  readonly choice?: ComponentChildren;
  readonly children?: ComponentChildren;
}

/** A titled part of the page; says why its figures are old or absent instead of hiding it. */
export function Card({ title, size = 'half', error, loading = false, choice, children }: CardProps) {
  return (
    <section class={`card ${size}`} aria-busy={loading}>
      <div class="card-head">
        <h2>{title}</h2>
        {choice}
      </div>
      {error !== undefined && (
        <p class="error" role="status">
          Not up to date: {error}
        </p>
      )}
      {loading && error === undefined ? <p class="quiet">Loading …</p> : children}
    </section>
  );
}
