"""The core paths of clickhouse-connect against the interface at COSTEL_URL."""

import datetime
import os
import sys
import traceback
from urllib.parse import urlparse

import clickhouse_connect
from clickhouse_connect.driver.exceptions import DatabaseError
from clickhouse_connect.driver.external import ExternalData

ADDRESS = urlparse(os.environ["COSTEL_URL"])
TOKEN = os.environ["COSTEL_WRITE_TOKEN"]
ROWS = [(index, f"row {index}\n\nDROP TABLE py_rows", {"k": "v"}, [index, 1]) for index in range(3000)]
COLUMNS = "a UInt64, s String, m Map(LowCardinality(String), String), l Array(UInt32)"


def connect(password=TOKEN, **options):
    """A client with a session of its own, as the library makes one."""
    return clickhouse_connect.get_client(
        host=ADDRESS.hostname, port=ADDRESS.port, username="someone", password=password, **options
    )


def expect(actual, wanted):
    if actual != wanted:
        raise AssertionError(f"{actual!r} is not {wanted!r}")


def expect_error(work, code):
    try:
        work()
    except DatabaseError as error:
        expect(error.code, code)
        return
    raise AssertionError(f"no error, where {code} was expected")


def connects_and_says_the_version():
    client = connect()
    expect(client.ping(), True)
    expect(client.command("SELECT 1"), 1)
    expect(int(client.server_version.split(".")[0]) >= 26, True)
    expect(str(client.server_tz), "UTC")


def round_trip(compress):
    def work():
        client = connect(compress=compress)
        table = f"py_rows_{str(compress).lower()}"
        client.command(f"CREATE TABLE {table} ({COLUMNS}) ENGINE = MergeTree ORDER BY a")
        summary = client.insert(table, ROWS, column_names=["a", "s", "m", "l"])
        expect(summary.written_rows, len(ROWS))
        result = client.query(f"SELECT * FROM {table} ORDER BY a")
        expect([tuple(row) for row in result.result_rows], ROWS)

    return work


def inserts_many_blocks():
    client = connect()
    client.command("CREATE TABLE py_many (a UInt64, s String) ENGINE = MergeTree ORDER BY a")
    rows = [(index, "x" * 200) for index in range(60_000)]
    client.insert("py_many", rows, column_names=["a", "s"])
    expect(client.command("SELECT count(), sum(length(s)) FROM py_many"), ["60000", "12000000"])


def inserts_raw_text():
    client = connect()
    client.command("CREATE TABLE py_raw (a UInt64, s String) ENGINE = MergeTree ORDER BY a")
    client.raw_insert("py_raw", insert_block="1\tone\n2\ttwo\n", fmt="TSV")
    client.raw_insert("py_raw", column_names=["a", "s"], insert_block=b'3,"a\n\nDROP TABLE py_raw"\n', fmt="CSV")
    expect(client.command("SELECT count() FROM py_raw"), 3)


def streams_blocks():
    client = connect()
    with client.query_row_block_stream("SELECT number FROM numbers(200000)") as stream:
        expect(sum(len(block) for block in stream), 200_000)


def binds_parameters():
    client = connect()
    result = client.query(
        "SELECT {s:String}, {n:UInt64}, {l:Array(String)}, {d:DateTime}",
        parameters={"s": "it's\n\\", "n": 5, "l": ["a", "b'"], "d": datetime.datetime(2026, 1, 2, 3, 4, 5)},
    )
    expect(result.result_rows[0][:3], ("it's\n\\", 5, ["a", "b'"]))
    client_side = client.query("SELECT %(s)s AS s", parameters={"s": "it's"})
    expect(client_side.first_row, ("it's",))
    form = connect(form_encode_query_params=True)
    expect(form.query("SELECT {s:String}", parameters={"s": "x" * 20_000}).first_row, ("x" * 20_000,))


def reads_types():
    client = connect()
    result = client.query(
        "SELECT toDecimal128('1.000000000001', 12), toNullable(1), NULL, toDate('2026-01-02'), "
        "toDateTime64('2026-01-02 03:04:05.678', 3, 'UTC'), map('a', 1), (1, 'x'), toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0')"
    )
    expect(len(result.first_row), 8)
    expect(str(result.first_row[0]), "1.000000000001")


def uses_settings():
    client = connect()
    expect(client.command("SELECT getSetting('max_threads')", settings={"max_threads": 1}), 1)
    client.set_client_setting("max_block_size", 4321)
    expect(client.command("SELECT getSetting('max_block_size')"), 4321)


def keeps_a_session():
    client = connect()
    client.command("SET max_block_size = 1234")
    expect(client.command("SELECT getSetting('max_block_size')"), 1234)
    client.command("CREATE TEMPORARY TABLE py_temporary (a UInt64, s String)")
    client.insert("py_temporary", [(1, "one\n\n")], column_names=["a", "s"])
    expect(client.query("SELECT * FROM py_temporary").result_rows, [(1, "one\n\n")])
    expect_error(lambda: connect().query("SELECT * FROM py_temporary"), 60)
    client.command("DROP TEMPORARY TABLE py_temporary")
    expect_error(lambda: client.query("SELECT * FROM py_temporary"), 60)


def sends_external_tables():
    client = connect(password="")
    external = ExternalData(
        file_name="movies.csv", data=b'"one, two",1\n"three\n\nDROP TABLE x",3\n', fmt="CSV", structure="name String, n UInt16"
    )
    result = client.query("SELECT name, n FROM movies ORDER BY n", external_data=external)
    expect(result.result_rows, [("one, two", 1), ("three\n\nDROP TABLE x", 3)])
    typed = ExternalData(file_name="pairs", data=b"1\tx\n2\ty\n", fmt="TSV", types=["UInt8", "String"])
    expect(client.query("SELECT sum(_1), max(_2) FROM pairs", external_data=typed).first_row, (3, "y"))


def reads_errors():
    client = connect()
    expect_error(lambda: client.query("SELECT * FROM nowhere"), 60)
    expect_error(lambda: client.query("SELECT throwIf(number = 900000) FROM numbers(1000000)"), 395)
    expect_error(lambda: client.command("SELEC 1"), 62)


def is_refused():
    expect_error(lambda: connect(password="not the token at all"), 516)
    reader = connect(password="")
    expect_error(lambda: reader.command("CREATE TABLE py_no (a UInt8) ENGINE = Memory"), 497)


def lists_and_describes():
    client = connect()
    expect("otel_traces" in client.command("SHOW TABLES").split("\n"), True)
    expect(client.command("EXISTS TABLE llm_calls"), 1)
    columns = client.query("DESCRIBE TABLE otel_traces").result_rows
    expect(columns[1][0], "TraceId")


CASES = {
    "connects, pings, says version and time zone": connects_and_says_the_version,
    "inserts and reads Native blocks without compression": round_trip(False),
    "inserts and reads with compress=True": round_trip(True),
    "inserts and reads with lz4": round_trip("lz4"),
    "inserts and reads with zstd": round_trip("zstd"),
    "inserts and reads with gzip": round_trip("gzip"),
    "inserts many blocks": inserts_many_blocks,
    "inserts text in a format": inserts_raw_text,
    "streams blocks": streams_blocks,
    "binds parameters in the URL and in a form": binds_parameters,
    "reads types": reads_types,
    "uses settings": uses_settings,
    "keeps a setting and a temporary table through its session": keeps_a_session,
    "sends external tables, as a reader": sends_external_tables,
    "reads the code of an error, at the start and in the middle of an answer": reads_errors,
    "is refused with a wrong password, and for writing without one": is_refused,
    "lists and describes tables": lists_and_describes,
}

failures = 0
for name, case in CASES.items():
    try:
        case()
        print(f"ok {name}", flush=True)
    except Exception as error:  # a case may fail in any way; the others still run
        failures += 1
        reason = " | ".join(traceback.format_exception_only(error)[-1].strip().splitlines()[:4])
        print(f"not ok {name}: {reason}", flush=True)
sys.exit(0 if failures == 0 else 1)
