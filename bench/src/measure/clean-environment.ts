/**
 * All that a child finds in its environment: NODE_OPTIONS, NODE_EXTRA_CA_CERTS and proxies of the shell would change what is measured.
 */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env["PATH"] };
}
