import { type ApacheWay, startApache } from "./apache.js";
import type { GuardedUpstream } from "./guarded-upstream.js";
import { type HaproxyWay, startHaproxy } from "./haproxy.js";
import { type NginxWay, startNginx } from "./nginx.js";
import type { StartedServer } from "./real-server.js";
import type { Surroundings } from "./surroundings.js";

/** A server and the API behind it. */
export interface Guarded<Way extends string> {
  readonly server: StartedServer<Way>;
  readonly upstream: GuardedUpstream;
}

/** The servers that tokens and certificates are taken to. */
export interface RealServers {
  readonly apache: Guarded<ApacheWay>;
  readonly nginx: Guarded<NginxWay>;
  readonly haproxy: Guarded<HaproxyWay>;
  close(): Promise<void>;
}

/** Starts all of them. The API behind each takes the certificate from that server's header alone. */
export async function startRealServers(around: Surroundings): Promise<RealServers> {
  const closers: (() => Promise<void>)[] = [];
  const close = async () => {
    await Promise.all(closers.splice(0).map((end) => end()));
  };
  async function guarded<Way extends string>(
    certificateFrom: Parameters<Surroundings["upstream"]>[0],
    start: (surroundings: ReturnType<Surroundings["before"]>) => Promise<StartedServer<Way>>,
  ): Promise<Guarded<Way>> {
    const upstream = await around.upstream(certificateFrom);
    closers.push(upstream.close);
    const server = await start(around.before(upstream.port));
    closers.push(server.close);
    return { server, upstream };
  }
  try {
    const header = "x-client-cert";
    return {
      apache: await guarded({ header, setBy: "Apache" }, startApache),
      nginx: await guarded({ header, setBy: "nginx" }, startNginx),
      haproxy: await guarded("app-service-required", startHaproxy),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
