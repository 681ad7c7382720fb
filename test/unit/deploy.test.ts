import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { loadConfig } from '@costel/aggregator';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

/*
 * Ports, users, database and environment names have one definition each: the configuration's schema, the collector's
 * configuration, the command's code. Everything under deployment is held to them here. The Compose file itself is loaded
 * by the specification's own loader in test/collector.
 */

const root = resolve(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

interface Service {
  readonly image?: string;
  readonly build?: { readonly context: string; readonly dockerfile?: string };
  readonly command?: readonly string[];
  readonly restart?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly privileged?: boolean;
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[]; readonly interval: string; readonly retries: number };
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

const compose = parse(read('docker-compose.yml')) as Compose;
const { services } = compose;
const collectorConfig = read('collector/config.yaml');
const defaults = loadConfig(join(root, 'deploy/costel.yaml'), { env: {} });

function service(name: string): Service {
  const found = services[name];
  if (found === undefined) throw new Error(`docker-compose.yml has no service ${name}`);
  return found;
}

function environmentOf(name: string): Readonly<Record<string, string>> {
  return service(name).environment ?? {};
}

/** What `${env:NAME:-default}` gives in the collector's configuration. */
function collectorDefault(name: string): string | undefined {
  return new RegExp(String.raw`\$\{env:${name}(?::-([^}]*))?\}`).exec(collectorConfig)?.[1];
}

const collectorNames = new Set([...collectorConfig.matchAll(/\$\{env:([A-Z_]+)/g)].map(([, name]) => name));
const portOf = (endpoint: string): number => Number(endpoint.slice(endpoint.lastIndexOf(':') + 1));

describe('docker-compose.yml', () => {
  it('pins every image to a version', () => {
    const images = Object.values(services).flatMap(({ image }) => (image === undefined ? [] : [image]));
    const bases = ['deploy/aggregator.Dockerfile', 'collector/Dockerfile'].flatMap((file) =>
      [...read(file).matchAll(/^FROM (\S+)/gm)].map(([, image = '']) => image),
    );
    expect(images.length).toBe(2);
    expect(bases.length).toBe(4);
    for (const image of [...images, ...bases]) expect(image).toMatch(/^scratch$|:\d+\.\d+/);
  });

  it('publishes ports on loopback only', () => {
    const ports = Object.values(services).flatMap((one) => one.ports ?? []);
    expect(ports.length).toBeGreaterThan(0);
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:(\d+):\1$/);
  });

  it('has a health check for every service that keeps running, and starts each after what it needs', () => {
    for (const [name, { restart, healthcheck }] of Object.entries(services)) {
      if (restart === 'unless-stopped') expect(healthcheck?.test[0], name).toBe('CMD');
      else expect(name).toBe('migrate');
    }
    expect(service('migrate').depends_on).toEqual({ clickhouse: { condition: 'service_healthy' } });
    for (const name of ['collector', 'aggregator'])
      expect(service(name).depends_on).toEqual({ migrate: { condition: 'service_completed_successfully' } });
  });

  it('keeps data in named volumes and mounts only files that exist, read-only', () => {
    const mounts = Object.values(services).flatMap((one) => one.volumes ?? []);
    const used = new Set<string>();
    for (const mount of mounts) {
      // A default of a variable stands where the variable is not set.
      const [source = '', , mode] = mount.replace(/\$\{\w+:-([^}]*)\}/, '$1').split(':');
      if (source.startsWith('./')) {
        expect(existsSync(join(root, source)), source).toBe(true);
        expect(mode, source).toBe('ro');
      } else used.add(source);
    }
    expect([...used].toSorted()).toEqual(Object.keys(compose.volumes).toSorted());
  });

  it('holds no password, and refuses to start without one', () => {
    for (const [name, { environment = {} }] of Object.entries(services)) {
      for (const [key, value] of Object.entries(environment))
        if (key.includes('PASSWORD')) expect(value, `${name} ${key}`).toMatch(/^\$\{(\w+):\?set \1\}$/);
    }
  });

  it('gives our own containers nothing that they do not need', () => {
    for (const name of ['migrate', 'collector', 'aggregator']) {
      expect(service(name)).toMatchObject({
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
      });
    }
    for (const one of Object.values(services)) expect(one.privileged).toBeUndefined();
    for (const file of ['deploy/aggregator.Dockerfile', 'collector/Dockerfile'])
      expect(read(file)).toMatch(/^USER (?!root|0)/m);
  });
});

describe('names and ports of the deployment', () => {
  const writer = environmentOf('clickhouse');

  it('are one writing user, password and database for server, collector, migration and aggregator', () => {
    expect(writer['CLICKHOUSE_USER']).toBe(collectorDefault('CLICKHOUSE_USERNAME'));
    expect(writer['CLICKHOUSE_DB']).toBe(collectorDefault('CLICKHOUSE_DATABASE'));
    expect(environmentOf('collector')).toMatchObject({
      CLICKHOUSE_USERNAME: writer['CLICKHOUSE_USER'],
      CLICKHOUSE_PASSWORD: writer['CLICKHOUSE_PASSWORD'],
      CLICKHOUSE_DATABASE: writer['CLICKHOUSE_DB'],
    });
    expect(environmentOf('aggregator')).toEqual({
      ...environmentOf('migrate'),
      COSTEL_GUARD_TOKEN: '${COSTEL_GUARD_TOKEN:-}',
    });
    expect(environmentOf('aggregator')).toMatchObject({
      CLICKHOUSE_USER: writer['CLICKHOUSE_USER'],
      CLICKHOUSE_PASSWORD: writer['CLICKHOUSE_PASSWORD'],
    });
  });

  it('use the ports of the code', () => {
    const { port, clickhousePort, otlpPort } = defaults.server;
    const published = (name: string): readonly number[] => (service(name).ports ?? []).map(portOf);
    expect(published('aggregator')).toEqual([port]);
    expect(published('clickhouse')).toEqual([clickhousePort]);
    expect(published('collector')).toEqual([4317, otlpPort]);
    expect(portOf(collectorDefault('OTLP_HTTP_ENDPOINT') ?? '')).toBe(otlpPort);
    expect(portOf(collectorDefault('CLICKHOUSE_ENDPOINT') ?? '')).toBe(clickhousePort);
    for (const key of ['OTLP_GRPC_ENDPOINT', 'OTLP_HTTP_ENDPOINT', 'HEALTH_ENDPOINT'])
      expect(portOf(environmentOf('collector')[key] ?? '')).toBe(portOf(collectorDefault(key) ?? ''));
    expect(environmentOf('aggregator')['CLICKHOUSE_URL']).toBe(`http://clickhouse:${clickhousePort}`);
    expect(environmentOf('collector')['CLICKHOUSE_ENDPOINT']).toBe(`http://clickhouse:${clickhousePort}`);
    expect(service('aggregator').healthcheck?.test.join(' ')).toContain(`127.0.0.1:${port}/api/v1/ready`);
    expect(read('deploy/aggregator.Dockerfile')).toContain(`EXPOSE ${port}\n`);
    const collectorPorts = ['OTLP_GRPC_ENDPOINT', 'OTLP_HTTP_ENDPOINT', 'HEALTH_ENDPOINT', 'METRICS_PORT'];
    const exposed = collectorPorts.map((name) => portOf(`:${collectorDefault(name) ?? ''}`)).join(' ');
    expect(read('collector/Dockerfile')).toContain(`EXPOSE ${exposed}\n`);
    expect(read('collector/probe/main.go')).toContain(`"${collectorDefault('HEALTH_ENDPOINT')}"`);
  });

  it('set only variables that the collector’s configuration reads, and its README lists all of them', () => {
    // Read by Go itself.
    const known = [...collectorNames, 'GOMEMLIMIT'];
    for (const name of Object.keys(environmentOf('collector'))) expect(known).toContain(name);
    const readme = read('collector/README.md');
    for (const name of collectorNames) expect(readme).toContain(`\`${name}\``);
  });

  it('set only variables that the command reads', () => {
    const source = read('packages/cli/src/store-access.ts') + read('packages/cli/src/stack.ts');
    for (const name of Object.keys(environmentOf('aggregator'))) expect(source).toContain(name);
  });

  it('let Grafana in with the read-only user alone', () => {
    interface Provisioned {
      readonly datasources: readonly {
        readonly type: string;
        readonly jsonData: Readonly<Record<string, string | number>>;
        readonly secureJsonData: Readonly<Record<string, string>>;
      }[];
    }
    const { datasources } = parse(read('deploy/grafana/provisioning/datasources/costel.yaml')) as Provisioned;
    const [source] = datasources;
    expect(source?.type).toBe('grafana-clickhouse-datasource');
    expect(source?.jsonData).toMatchObject({
      host: 'clickhouse',
      port: defaults.server.clickhousePort,
      protocol: 'http',
      defaultDatabase: writer['CLICKHOUSE_DB'],
      username: 'grafana',
    });
    expect(source?.secureJsonData).toEqual({ password: '${COSTEL_READ_PASSWORD}' });
    for (const name of ['clickhouse', 'grafana']) expect(environmentOf(name)).toHaveProperty('COSTEL_READ_PASSWORD');
    const users = read('deploy/clickhouse/users.xml');
    const grafana = /<grafana>([\s\S]*)<\/grafana>/.exec(users)?.[1] ?? '';
    expect(grafana).toContain('<password from_env="COSTEL_READ_PASSWORD"/>');
    expect(grafana).toContain('<profile>costel_reader</profile>');
    const grants = [...grafana.matchAll(/<query>(.*)<\/query>/g)].map(([, query]) => query);
    expect(grants).toEqual([`GRANT SELECT ON ${writer['CLICKHOUSE_DB']}.*`, 'GRANT SELECT ON system.parts']);
    expect(users).toMatch(/<costel_reader>\s*<readonly>1<\/readonly>/);
  });

  it('let the dictionary of prices read its table: the image removes the user that it reads as', () => {
    const [, target = ''] =
      (service('clickhouse').volumes ?? []).find((mount) => mount.includes('users.xml'))?.split(':') ?? [];
    // Configuration files are merged in the order of their names, and the image's own is default-user.xml.
    expect(target.replace('/etc/clickhouse-server/users.d/', '') > 'default-user.xml').toBe(true);
    const user = /<default replace="replace">([\s\S]*)<\/default>/.exec(read('deploy/clickhouse/users.xml'))?.[1] ?? '';
    expect(user).toContain(`GRANT SELECT ON ${writer['CLICKHOUSE_DB']}.llm_rates<`);
    expect([...user.matchAll(/<ip>(.*?)<\/ip>/g)].map(([, ip]) => ip)).toEqual(['127.0.0.1', '::1']);
    expect(read('packages/store/sql/migrations/0011_llm_rates_dict.sql')).toContain('FROM {{database}}.llm_rates');
  });

  it('provision the committed dashboards', () => {
    interface Providers {
      readonly providers: readonly { readonly allowUiUpdates: boolean; readonly options: { readonly path: string } }[];
    }
    const { providers } = parse(read('deploy/grafana/provisioning/dashboards/costel.yaml')) as Providers;
    expect(providers.length).toBe(1);
    expect(providers[0]?.allowUiUpdates).toBe(false);
    expect(service('grafana').volumes).toContain(`./dashboards/grafana:${providers[0]?.options.path}:ro`);
    // The schema version of the files is that of Grafana 12; the plugin needs 11.6 or newer.
    expect(service('grafana').image).toMatch(/^grafana\/grafana:12\./);
  });
});

describe('the aggregator’s image', () => {
  const dockerfile = read('deploy/aggregator.Dockerfile');
  const commands = ['migrate', 'aggregator'].map((name) => service(name).command ?? []);

  it('copies only paths that exist', () => {
    const sources = [...dockerfile.matchAll(/^COPY (?!--from)(.*)$/gm)].flatMap(([, line = '']) =>
      line.split(' ').slice(0, -1),
    );
    expect(sources.length).toBeGreaterThan(5);
    for (const source of sources) expect(existsSync(join(root, source)), source).toBe(true);
  });

  it.each(commands)('knows the command "%s" and the flags that it is started with', (...command) => {
    const entry = /ENTRYPOINT \["node", "(.*)"\]/.exec(dockerfile)?.[1] ?? '';
    const [name = '', ...rest] = command;
    const { status, stdout } = spawnSync(process.execPath, [join(root, entry), name, '--help'], { encoding: 'utf8' });
    expect(status).toBe(0);
    expect(stdout).toContain(`costel ${name}`);
    for (const flag of rest.filter((word) => word.startsWith('--'))) expect(stdout).toContain(flag);
  });

  it('finds its configuration where Compose mounts it, and listens where the published port arrives', () => {
    const [, path] = /--config (\S+)/.exec((service('aggregator').command ?? []).join(' ')) ?? [];
    expect(service('aggregator').volumes?.[0]).toMatch(new RegExp(`:-./deploy/costel.yaml}:${path}:ro$`));
    expect(defaults.server.host).toBe('0.0.0.0');
  });
});

describe('collector/README.md', () => {
  const readme = read('collector/README.md');
  const files = readdirSync(join(root, 'collector')).filter(
    (file) => file.endsWith('.yaml') && file !== 'builder.yaml',
  );

  /** Every option of a configuration by its path; a pipeline is one option, for its lists say what a README says in words. */
  function optionsOf(node: unknown, path: readonly string[] = []): [string, unknown][] {
    const isPipeline = path[0] === 'service' && path[1] === 'pipelines' && path.length === 3;
    if (typeof node !== 'object' || node === null || Array.isArray(node) || isPipeline) {
      const isNamedByComponent = ['extensions', 'processors', 'exporters'].includes(path[0] ?? '');
      return [[path.slice(isNamedByComponent ? 1 : 0).join('.'), node]];
    }
    return Object.entries(node).flatMap(([key, value]) => optionsOf(value, [...path, key]));
  }

  /** The rows of a file's table: option, its value, unit and why. */
  function documented(file: string): readonly { readonly option: string; readonly cells: readonly string[] }[] {
    const section = readme.split(`\n### ${file}\n`)[1]?.split('\n#')[0] ?? '';
    return [...section.matchAll(/^\| `([^`]+)` \|(.*)\|$/gm)].map(([, option = '', rest = '']) => ({
      option,
      cells: rest.split(' | ').map((cell) => cell.trim()),
    }));
  }

  const shipped = (file: string) =>
    optionsOf(parse(read(`collector/${file}`))).filter(
      // What a further file does to the pipelines is said of the file.
      ([path]) => file === 'config.yaml' || !path.startsWith('service.pipelines.'),
    );

  it('names every configuration that is shipped', () => {
    expect(files.toSorted()).toEqual(['config.yaml', 'keep-content.yaml', 'signoz-cloud.yaml', 'tail.yaml']);
    for (const file of files) expect(readme).toContain(`\`${file}\``);
  });

  it.each(files)('describes every option of %s, and none that it does not have', (file) => {
    const options = new Set(shipped(file).map(([path]) => path));
    expect(new Set(documented(file).map(({ option }) => option))).toEqual(options);
  });

  it.each(files)('says value, default, unit and reason of every option of %s as it is configured', (file) => {
    const values = new Map(shipped(file));
    for (const { option, cells } of documented(file)) {
      expect(cells.length, option).toBe(3);
      for (const cell of cells) expect(cell, option).not.toBe('');
      const value = values.get(option);
      const isScalar = ['string', 'number', 'boolean'].includes(typeof value);
      // A list is described in words, and so is what only the environment knows.
      const configured = String(value).replaceAll(/\$\{env:\w+:-([^}]*)\}/g, '$1');
      if (!isScalar || configured.includes('${env:')) continue;
      expect((cells[0] ?? '').replaceAll('`', '').replace(/[ =(].*/, ''), option).toBe(configured);
    }
  });

  it('lists the variables of every configuration', () => {
    for (const file of files) {
      for (const [, name] of read(`collector/${file}`).matchAll(/\$\{env:([A-Z_]+)/g))
        expect(readme).toContain(`\`${name}\``);
    }
  });
});
