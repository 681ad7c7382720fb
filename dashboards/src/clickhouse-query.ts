import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import type { DataSourceRef } from '@grafana/grafana-foundation-sdk/common';

/** The variable that every panel, variable and annotation takes its data source from. */
export const DATA_SOURCE: DataSourceRef = { type: 'grafana-clickhouse-datasource', uid: '${ds}' };

/** The oldest version of the plugin whose query model this is. */
const PLUGIN_VERSION = '4.14.1';

/** How the plugin reads an answer: one row a line, or a time column and one series a remaining text column. */
export type QueryShape = 'table' | 'timeseries';

interface ClickHouseSqlQuery extends Dataquery {
  readonly refId: string;
  readonly datasource: DataSourceRef;
  readonly pluginVersion: string;
  readonly editorType: 'sql';
  readonly queryType: QueryShape;
  /** 0 time series, 1 table; without it the plugin reads every answer as a time series. */
  readonly format: 0 | 1;
  readonly rawSql: string;
}

/** One SQL query for the ClickHouse plugin; the SDK has no type for it. */
export class ClickHouseQueryBuilder implements Builder<Dataquery> {
  readonly #query: ClickHouseSqlQuery;

  constructor(refId: string, rawSql: string, shape: QueryShape) {
    this.#query = {
      refId,
      rawSql,
      editorType: 'sql',
      queryType: shape,
      format: shape === 'timeseries' ? 0 : 1,
      pluginVersion: PLUGIN_VERSION,
      datasource: DATA_SOURCE,
      // Required by the SDK's type; a function is not written to JSON.
      _implementsDataqueryVariant: () => undefined,
    };
  }

  build(): Dataquery {
    return this.#query;
  }
}
