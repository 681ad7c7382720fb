/** Where a statement would reach if it were run. */
export interface EscapeTargets {
  /** A file with a secret in it, of this process's user. */
  readonly secretFile: string;
  /** A file that must not come into being. */
  readonly newFile: string;
  /** A port that counts connections. */
  readonly trapPort: number;
}

/** Statements that try to get out of the engine, or at what is not Costel's. Every one must be refused, for everybody. */
export function escapeStatements({ secretFile, newFile, trapPort }: EscapeTargets): readonly string[] {
  const trap = `127.0.0.1:${trapPort}`;
  const http = `http://${trap}/x`;
  return [
    ...scalarReads(secretFile),
    ...tableFunctions(secretFile, trap, http),
    ...fileClauses(secretFile, newFile),
    ...overlayDatabase(secretFile),
    ...insertTargets(newFile, trap, http),
    ...definitions(secretFile, trap, http),
    ...multipleStatements(newFile),
    ...otherKinds(secretFile, newFile, trap, http),
    ...systemTables(),
    ...settings(newFile, http),
    ...serviceAndSession(secretFile, trap, http),
  ];
}

function scalarReads(file: string): string[] {
  return [
    `SELECT file('${file}')`,
    `select FILE ( '${file}' )`,
    `SELECT /* x */ file/**/('${file}')`,
    `SELECT \`file\`('${file}')`,
    `SELECT "file"('${file}')`,
    `SELECT file -- comment\n('${file}')`,
    `WITH file('${file}') AS x SELECT x`,
    `SELECT (SELECT file('${file}'))`,
    `SELECT * FROM (SELECT * FROM (SELECT file('${file}')))`,
    `SELECT arrayMap(x -> file(x), ['${file}'])`,
    `SELECT * APPLY(file) FROM (SELECT '${file}' AS p)`,
    `SELECT * APPLY(x -> file(x)) FROM (SELECT '${file}' AS p)`,
    `SELECT COLUMNS('p') APPLY file FROM (SELECT '${file}' AS p)`,
    `SELECT p APPLY(file) FROM (SELECT '${file}' AS p)`,
    `SELECT * REPLACE(file(p) AS p) FROM (SELECT '${file}' AS p)`,
    `SELECT 1 ORDER BY file('${file}')`,
    `SELECT count() FROM t GROUP BY file('${file}')`,
    `SELECT 1 WHERE file('${file}') != ''`,
    `SELECT 1 LIMIT length(file('${file}'))`,
    `SELECT if(1, file('${file}'), '')`,
    `SELECT sum(length(file('${file}'))) OVER ()`,
    `SELECT '\\'' || file('${file}')`,
    `SELECT 'a''b', file('${file}')`,
    `SELECT $x$it's$x$, file('${file}')`,
    `SELECT 1 FORMAT JSON;SELECT file('${file}')`,
    `SELECT catboostEvaluate('${file}', 1)`,
    `SELECT hasColumnInTable('127.0.0.1:9', 'default', 'default', 'x', 'y')`,
    `SELECT reverseDNSQuery('127.0.0.1')`,
    `SELECT aiGenerate('x')`,
    `SELECT joinGet('default.x', 'a', 1)`,
    `SELECT showCertificate()`,
    `SELECT addressToLine(1)`,
    `SELECT regionToName(toUInt32(1))`,
    `SELECT getServerSetting('path')`,
    `SELECT filesystemAvailable()`,
    `SELECT sleep(3)`,
    `SELECT sleepEachRow(3) FROM numbers(10)`,
    `SELECT chdb('SELECT 1')`,
    `SELECT formatRow('CSV', file('${file}'))`,
  ];
}

function tableFunctions(file: string, trap: string, http: string): string[] {
  return [
    `SELECT * FROM file('${file}', LineAsString)`,
    `SELECT * FROM file('${file}', 'LineAsString', 'line String')`,
    `DESCRIBE file('${file}', LineAsString)`,
    `DESCRIBE TABLE url('${http}', CSV)`,
    `EXPLAIN SELECT * FROM file('${file}', LineAsString)`,
    `EXPLAIN QUERY TREE SELECT * FROM url('${http}', CSV)`,
    `EXPLAIN SYNTAX SELECT * FROM url('${http}', CSV)`,
    `SELECT * FROM (EXPLAIN SELECT * FROM url('${http}', CSV))`,
    `EXPLAIN TABLE OVERRIDE mysql('${trap}', 'a', 'b', 'c', 'd') PARTITION BY 1`,
    `SELECT * FROM url('${http}', CSV)`,
    `SELECT * FROM url('${http}', CSV, 'a String', headers('x'='y'))`,
    `SELECT * FROM urlCluster('default', '${http}', CSV)`,
    `SELECT * FROM s3('${http}', CSV)`,
    `SELECT * FROM s3Cluster('default', '${http}', CSV)`,
    `SELECT * FROM gcs('${http}', CSV)`,
    `SELECT * FROM oss('${http}', CSV)`,
    `SELECT * FROM cosn('${http}', CSV)`,
    `SELECT * FROM hdfs('hdfs://${trap}/x', CSV)`,
    `SELECT * FROM azureBlobStorage('DefaultEndpointsProtocol=http;AccountName=a;AccountKey=b;BlobEndpoint=${http}', 'c', 'd')`,
    `SELECT * FROM iceberg('${http}')`,
    `SELECT * FROM icebergLocal('${file}')`,
    `SELECT * FROM deltaLake('${http}')`,
    `SELECT * FROM deltaLakeLocal('${file}')`,
    `SELECT * FROM hudi('${http}')`,
    `SELECT * FROM paimonLocal('${file}')`,
    `SELECT * FROM remote('${trap}', system.one)`,
    `SELECT * FROM remote('${trap}', 'system', 'one')`,
    `SELECT * FROM remoteSecure('${trap}', system.one)`,
    `SELECT * FROM cluster('default', system.one)`,
    `SELECT * FROM clusterAllReplicas('default', system.one)`,
    `SELECT * FROM mysql('${trap}', 'd', 't', 'u', 'p')`,
    `SELECT * FROM postgresql('${trap}', 'd', 't', 'u', 'p')`,
    `SELECT * FROM mongodb('${trap}', 'd', 't', 'u', 'p', 'a String')`,
    `SELECT * FROM redis('${trap}', 'k', 'k String, v String')`,
    `SELECT * FROM sqlite('${file}', 't')`,
    `SELECT * FROM odbc('DSN=x', 'd', 't')`,
    `SELECT * FROM jdbc('jdbc:x', 'd', 't')`,
    `SELECT * FROM executable('id', CSV, 'a String')`,
    `SELECT * FROM filesystem('/')`,
    `SELECT * FROM input('a String')`,
    `SELECT * FROM dictionary('llm_rates_dict')`,
    `SELECT * FROM merge('default', '.*')`,
    `SELECT * FROM merge(REGEXP('.*'), '.*')`,
    `SELECT * FROM loop(file('${file}', LineAsString)) LIMIT 1`,
    `SELECT * FROM view(SELECT * FROM file('${file}', LineAsString))`,
    `SELECT * FROM viewIfPermitted(SELECT 1 ELSE file('${file}', LineAsString))`,
    `SELECT * FROM viewExplain('EXPLAIN', '', (SELECT * FROM url('${http}', CSV)))`,
    `SELECT * FROM format(CSV, '1')`,
    `SELECT * FROM eval('SELECT file(''${file}'')')`,
    `SELECT * FROM mergeTreeIndex('costel', 't')`,
    `SELECT * FROM t WHERE 1 IN (SELECT length(line) FROM file('${file}', LineAsString))`,
    `SELECT * FROM t JOIN url('${http}', CSV) AS u ON 1`,
    `SELECT * FROM t UNION ALL SELECT 1, line FROM file('${file}', LineAsString)`,
    `SELECT * FROM \`file\`('${file}', LineAsString)`,
    `WITH f AS (SELECT * FROM file('${file}', LineAsString)) SELECT * FROM f`,
    `SELECT exists(SELECT * FROM url('${http}', CSV))`,
  ];
}

function fileClauses(file: string, newFile: string): string[] {
  return [
    `SELECT 1 INTO OUTFILE '${newFile}'`,
    `SELECT 1 INTO OUTFILE '${newFile}' TRUNCATE FORMAT CSV`,
    `SELECT 1 INTO OUTFILE '${newFile}' AND STDOUT`,
    `SELECT 1 into/**/outfile '${newFile}'`,
    `SELECT 1 UNION ALL SELECT 2 INTO OUTFILE '${newFile}'`,
    `(SELECT 1) INTO OUTFILE '${newFile}'`,
    `SHOW TABLES INTO OUTFILE '${newFile}'`,
    `DESCRIBE TABLE t INTO OUTFILE '${newFile}'`,
    `EXPLAIN SELECT 1 INTO OUTFILE '${newFile}'`,
    `EXISTS TABLE t INTO OUTFILE '${newFile}'`,
    `SHOW CREATE TABLE t INTO OUTFILE '${newFile}'`,
    `INSERT INTO t FROM INFILE '${file}' FORMAT LineAsString`,
    `INSERT INTO t (s) FROM INFILE '${file}' COMPRESSION 'none' FORMAT LineAsString`,
    `INSERT INTO t (s) FROM INFILE '${file}' SETTINGS max_threads=1 FORMAT TSV`,
  ];
}

/** In the embedded engine the database `default` shows files as tables. */
function overlayDatabase(file: string): string[] {
  return [
    `SELECT * FROM default.\`${file}\``,
    `SELECT * FROM \`default\`.\`${file}\``,
    `SELECT * FROM "default"."${file}"`,
    `SELECT 'x' IN default.\`${file}\``,
    `SELECT 'x' NOT IN default.\`${file}\``,
    `SELECT 'x' GLOBAL IN (default.\`${file}\`)`,
    `DESCRIBE TABLE default.\`${file}\``,
    `EXISTS TABLE default.\`${file}\``,
    `SHOW CREATE TABLE default.\`${file}\``,
    `SHOW TABLES FROM default`,
    `SHOW COLUMNS FROM \`${file}\` FROM default`,
    `INSERT INTO default.\`${file}\` SELECT 1`,
    `SELECT * FROM default.\`${file} (alias x)\``,
    `USE default`,
    `CREATE TABLE copy AS default.\`${file}\``,
  ];
}

function insertTargets(newFile: string, trap: string, http: string): string[] {
  return [
    `INSERT INTO FUNCTION file('${newFile}', CSV) SELECT 1`,
    `INSERT INTO TABLE FUNCTION file('${newFile}', CSV, 'a UInt8') VALUES (1)`,
    `INSERT INTO FUNCTION url('${http}', CSV, 'a UInt8') SELECT 1`,
    `INSERT INTO FUNCTION remote('${trap}', system.one) SELECT 1`,
    `INSERT INTO FUNCTION s3('${http}', CSV) SELECT 1`,
    `INSERT INTO FUNCTION null('a UInt8') SELECT file('/etc/hostname')`,
    `INSERT INTO t SELECT 1, line FROM url('${http}', CSV, 'line String')`,
    `INSERT INTO t (a) SELECT * FROM input('a UInt8') FORMAT CSV`,
    `INSERT INTO system.one SELECT 1`,
    `INSERT INTO information_schema.tables SELECT 1`,
    `INSERT INTO t (* EXCEPT(a)) FORMAT TSV`,
    `WITH x AS (SELECT file('/etc/hostname') AS s) INSERT INTO t SELECT 1, s FROM x`,
  ];
}

function definitions(file: string, trap: string, http: string): string[] {
  const columns = '(a String)';
  return [
    `CREATE TABLE x ${columns} ENGINE = URL('${http}', CSV)`,
    `CREATE TABLE x ${columns} ENGINE = File(CSV, '${file}')`,
    `CREATE TABLE x ${columns} ENGINE = S3('${http}', CSV)`,
    `CREATE TABLE x ${columns} ENGINE = MySQL('${trap}', 'd', 't', 'u', 'p')`,
    `CREATE TABLE x ${columns} ENGINE = Kafka('${trap}', 't', 'g', 'CSV')`,
    `CREATE TABLE x ${columns} ENGINE = Distributed('c', 'd', 't')`,
    `CREATE TABLE x ${columns} ENGINE = Executable('id', CSV)`,
    `CREATE TABLE x ${columns} ENGINE = Merge('default', '.*')`,
    `CREATE TABLE x ${columns} ENGINE = Dictionary('d')`,
    `CREATE TABLE x ${columns} ENGINE = EmbeddedRocksDB PRIMARY KEY a`,
    `CREATE TABLE x ENGINE = Memory AS SELECT file('${file}') AS a`,
    `CREATE TABLE x AS url('${http}', CSV)`,
    `CREATE TABLE x AS file('${file}', LineAsString)`,
    `CREATE TABLE x CLONE AS default.y`,
    `CREATE TABLE x (a String DEFAULT file('${file}')) ENGINE = Memory`,
    `CREATE TABLE x (a String MATERIALIZED file('${file}')) ENGINE = Memory`,
    `CREATE TABLE x (a String) ENGINE = MergeTree ORDER BY a PARTITION BY file('${file}')`,
    `CREATE TABLE x (a DateTime) ENGINE = MergeTree ORDER BY a TTL a TO DISK 'other'`,
    `CREATE TABLE x (a String) ENGINE = MergeTree ORDER BY a SETTINGS disk = disk(type = s3, endpoint = '${http}')`,
    `CREATE TABLE x (a String) ENGINE = MergeTree ORDER BY a SETTINGS disk = 'web'`,
    `CREATE TABLE x (a String) ENGINE = MergeTree ORDER BY a SETTINGS storage_policy = 's3'`,
    `CREATE TABLE x ON CLUSTER c (a String) ENGINE = MergeTree ORDER BY a`,
    `CREATE TABLE x UUID '6f7c1f00-0000-0000-0000-000000000001' (a UInt8) ENGINE = MergeTree ORDER BY a`,
    `CREATE OR REPLACE TABLE t (a UInt8) ENGINE = Memory`,
    `CREATE TEMPORARY TABLE x (a String)`,
    `CREATE TABLE default.x (a String) ENGINE = Memory`,
    `CREATE TABLE system.x (a String) ENGINE = Memory`,
    `CREATE VIEW v AS SELECT * FROM url('${http}', CSV)`,
    `CREATE VIEW v AS SELECT * FROM default.\`${file}\``,
    `CREATE VIEW v AS SELECT file('${file}')`,
    `CREATE VIEW v AS SELECT * APPLY(file) FROM t`,
    `CREATE VIEW v DEFINER = default SQL SECURITY DEFINER AS SELECT 1`,
    `CREATE MATERIALIZED VIEW m TO default.y AS SELECT * FROM t`,
    `CREATE MATERIALIZED VIEW m ENGINE = URL('${http}', CSV) AS SELECT * FROM t`,
    `CREATE MATERIALIZED VIEW m REFRESH EVERY 1 SECOND TO t AS SELECT 1, file('${file}')`,
    `CREATE DICTIONARY d (a UInt64) PRIMARY KEY a SOURCE(HTTP(url '${http}' format 'CSV')) LAYOUT(FLAT()) LIFETIME(1)`,
    `CREATE DICTIONARY d (a UInt64) PRIMARY KEY a SOURCE(FILE(path '${file}' format 'CSV')) LAYOUT(FLAT()) LIFETIME(1)`,
    `CREATE DATABASE d`,
    `CREATE DATABASE IF NOT EXISTS costel ENGINE = Memory`,
    `CREATE DATABASE d ENGINE = MySQL('${trap}', 'd', 'u', 'p')`,
    `CREATE DATABASE d ENGINE = Filesystem('/')`,
    `CREATE DATABASE d ENGINE = SQLite('${file}')`,
    `CREATE FUNCTION f AS x -> file(x)`,
    `CREATE USER u`,
    `CREATE NAMED COLLECTION n AS url = '${http}'`,
    `ATTACH TABLE x FROM '/' (a String) ENGINE = MergeTree ORDER BY a`,
    `ATTACH DATABASE d ENGINE = Filesystem('/')`,
  ];
}

function multipleStatements(newFile: string): string[] {
  return [
    `SELECT 1; SELECT 1 INTO OUTFILE '${newFile}'`,
    `SELECT 1; DROP TABLE t`,
    `SELECT 1\n;\nDROP TABLE t`,
    `SELECT 1;;DROP TABLE t`,
    `SELECT 1 FORMAT TSV\n;DROP TABLE t`,
    `SELECT 1 FORMAT TSV\n\nDROP TABLE t`,
    `SELECT 1 PARALLEL WITH SELECT 2`,
    `CREATE TABLE x (a UInt8) ENGINE = Memory PARALLEL WITH DROP TABLE t`,
    `SELECT 1 -- x\n; DROP TABLE t`,
    `SELECT 'x\\'; DROP TABLE t; --'; DROP TABLE t`,
    `SELECT /* ' */ 1; DROP TABLE t -- '`,
    `SELECT $$;$$; DROP TABLE t`,
  ];
}

function otherKinds(file: string, newFile: string, trap: string, http: string): string[] {
  return [
    'DROP TABLE t',
    'DROP DATABASE costel',
    'TRUNCATE TABLE t',
    'DETACH TABLE t',
    'RENAME TABLE t TO u',
    'EXCHANGE TABLES t AND u',
    'ALTER TABLE t DELETE WHERE 1',
    `ALTER TABLE t FETCH PARTITION 1 FROM '/x'`,
    `ALTER TABLE t EXPORT PARTITION ID 'x' TO TABLE u`,
    'DELETE FROM t WHERE 1',
    'UPDATE t SET a = 1 WHERE 1',
    'OPTIMIZE TABLE t FINAL',
    'SYSTEM SHUTDOWN',
    'SYSTEM KILL',
    'SYSTEM FLUSH LOGS',
    'SYSTEM STOP MERGES',
    'SET max_threads = 1',
    `SET param_x = 'y'`,
    'USE system',
    `BACKUP TABLE t TO File('${newFile}')`,
    `BACKUP TABLE t TO S3('${http}', 'a', 'b')`,
    `RESTORE TABLE t FROM File('${file}')`,
    `KILL QUERY WHERE 1`,
    'GRANT ALL ON *.* TO default',
    'REVOKE ALL ON *.* FROM default',
    'EXECUTE AS default SELECT 1',
    'BEGIN TRANSACTION',
    'SHOW PROCESSLIST',
    'SHOW ACCESS',
    'SHOW GRANTS',
    `SHOW TABLES WHERE file('${file}') != ''`,
    `CHECK TABLE t`,
    `INSTALL x`,
    `exit`,
    `COPY t FROM '${file}'`,
    `SELECT * FROM remote('${trap}', view(SELECT 1))`,
    `EXPLAIN INSERT INTO t SELECT 1, file('${file}')`,
    `EXPLAIN AST DROP TABLE t`,
  ];
}

function systemTables(): string[] {
  const names = [
    'disks',
    'named_collections',
    'users',
    'user_directories',
    'server_settings',
    'processes',
    'stack_trace',
    'remote_data_paths',
    'certificates',
    'dns_cache',
    'zookeeper',
    'grants',
    'symbols',
  ];
  return [
    ...names.map((name) => `SELECT * FROM system.${name}`),
    'SELECT 1 IN system.disks',
    'SELECT * FROM system.`disks`',
    'DESCRIBE TABLE system.disks',
    'SHOW CREATE TABLE system.disks',
  ];
}

function settings(newFile: string, http: string): string[] {
  return [
    `SELECT 1 SETTINGS output_format_schema = '${newFile}'`,
    `SELECT 1 SETTINGS format_schema = '${newFile}'`,
    `SELECT 1 SETTINGS format_avro_schema_registry_url = '${http}'`,
    `SELECT 1 SETTINGS input_format_record_errors_file_path = '${newFile}'`,
    `SELECT 1 SETTINGS dialect = 'prql'`,
    `SELECT 1 SETTINGS max_execution_time = 0`,
    `SELECT 1 SETTINGS max_execution_time = 100000`,
    `SELECT 1 SETTINGS max_memory_usage = 0`,
    `SELECT 1 SETTINGS max_result_bytes = '0'`,
    `SELECT 1 SETTINGS allow_introspection_functions = 1`,
    `SELECT 1 SETTINGS implicit_select = 1`,
    `SELECT 1 SETTINGS max_threads = (SELECT 1)`,
    `SELECT 1 SETTINGS max_threads = 1, disk = disk(type = local, path = '/')`,
    `SELECT 1 FORMAT CSV SETTINGS allow_ddl = 1`,
    `SELECT (SELECT 1 SETTINGS workload = 'x')`,
    `INSERT INTO t SETTINGS input_format_values_interpret_expressions = 1 VALUES (1, 'a')`,
    `SELECT 1 SETTINGS use_query_cache = 1`,
    `SELECT 1 SETTINGS max_threads = 100000`,
    `SELECT 1 FORMAT Template`,
    `SELECT 1 FORMAT Protobuf`,
    `SELECT 1 FORMAT CapnProto`,
  ];
}

/** What comes near to the statements of Costel's own service and of sessions. */
function serviceAndSession(file: string, trap: string, http: string): string[] {
  return [
    'SYSTEM RELOAD DICTIONARIES',
    'SYSTEM RELOAD DICTIONARY other',
    'SYSTEM RELOAD CONFIG',
    'SYSTEM RELOAD DICTIONARY llm_rates_dict; DROP TABLE t',
    'SYSTEM DROP CACHE',
    'DELETE FROM llm_calls WHERE 1',
    'DELETE FROM system.parts WHERE 1',
    `DELETE FROM published WHERE file('${file}') != ''`,
    `DELETE FROM published WHERE 1 IN (SELECT * FROM url('${http}', CSV))`,
    'ALTER TABLE t MODIFY TTL now() + toIntervalDay(1)',
    'ALTER TABLE llm_calls MODIFY TTL toDateTime(started) + toIntervalDay(0)',
    `ALTER TABLE llm_calls MODIFY TTL toDateTime(started) + toIntervalDay(1) TO DISK 'x'`,
    'ALTER TABLE llm_calls DROP COLUMN started',
    `ALTER TABLE t ADD COLUMN b String DEFAULT file('${file}')`,
    `ALTER TABLE t MODIFY SETTING disk = 'web'`,
    `CREATE DICTIONARY llm_rates_dict (a UInt64) PRIMARY KEY a SOURCE(CLICKHOUSE(HOST '127.0.0.1' PORT ${trap.split(':')[1] ?? ''} TABLE 'x')) LAYOUT(FLAT()) LIFETIME(1)`,
    `CREATE TEMPORARY TABLE x (a String DEFAULT file('${file}'))`,
    `CREATE TEMPORARY TABLE x ENGINE = URL('${http}', CSV) AS SELECT 1 AS a`,
    `CREATE TEMPORARY TABLE x AS SELECT * FROM file('${file}', LineAsString)`,
    'CREATE TEMPORARY TABLE default.x (a String)',
    'DROP TEMPORARY TABLE default.x',
    'DROP TEMPORARY TABLE x, t',
    `SET format_schema = '${file}'`,
    `SET max_threads = 1; DROP TABLE t`,
    `SET user_files_path = '/'`,
    `SET allow_ddl = 1, max_threads = 1`,
    `INSERT INTO t SETTINGS async_insert = 1 SELECT 1, 'x'`,
    `INSERT INTO t SETTINGS materialized_views_ignore_errors = 1 SELECT 1, 'x'`,
  ];
}
