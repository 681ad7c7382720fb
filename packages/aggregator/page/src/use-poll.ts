import { useEffect, useState } from 'preact/hooks';

/** The latest answer, and why the last attempt failed; the old answer stays while a new one is awaited. */
export interface Polled<T> {
  readonly data: T | undefined;
  readonly error: string | undefined;
}

/**
 * Calls `load` now, whenever `key` changes and every `everyMs` milliseconds while the page is visible. One request is
 * under way at a time; a hidden page asks for nothing.
 */
export function usePoll<T>(key: string, everyMs: number, load: (signal: AbortSignal) => Promise<T>): Polled<T> {
  const [state, setState] = useState<Polled<T> & { key: string }>({ key, data: undefined, error: undefined });
  useEffect(() => {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let loading = false;
    const tick = async (): Promise<void> => {
      if (!document.hidden) {
        loading = true;
        try {
          const data = await load(abort.signal);
          if (!abort.signal.aborted) setState({ key, data, error: undefined });
        } catch (error) {
          const reason = error instanceof Error ? error.message : String(error);
          if (!abort.signal.aborted)
            setState((last) => ({ key, data: last.key === key ? last.data : undefined, error: reason }));
        }
        loading = false;
      }
      if (!abort.signal.aborted) timer = setTimeout(() => void tick(), everyMs);
    };
    const wake = (): void => {
      if (document.hidden || loading) return;
      clearTimeout(timer);
      void tick();
    };
    document.addEventListener('visibilitychange', wake);
    void tick();
    return () => {
      abort.abort();
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', wake);
    };
  }, [key, everyMs]);
  return state.key === key ? state : { data: undefined, error: undefined };
}
