import type { ComponentChildren } from 'preact';

interface CardProps {
  readonly title: string;
  readonly wide?: boolean;
  readonly error?: string | undefined;
  readonly loading?: boolean;
  readonly children?: ComponentChildren;
}

/** A titled part of the page; says why its figures are old or absent instead of hiding it. */
export function Card({ title, wide = false, error, loading = false, children }: CardProps) {
  return (
    <section class={wide ? 'card wide' : 'card'} aria-busy={loading}>
      <h2>{title}</h2>
      {error !== undefined && (
        <p class="error" role="status">
          Not up to date: {error}
        </p>
      )}
      {loading && error === undefined ? <p class="quiet">Loading …</p> : children}
    </section>
  );
}
