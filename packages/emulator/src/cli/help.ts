/** What `--help` prints. */
export const HELP: string = `Usage: mtls-pop-emulator [options]

Starts local stand-ins for Entra, Key Vault, Graph, managed identity and an API of your own, registers an application,
and prints the environment that an app needs to use them. Runs until Ctrl+C; then everything it made is gone.

Options:
  --credential <kind>     certificate; managed-identity, for an app that is the emulated machine's own identity; or federated,
                          for an application that this identity stands in for (default: certificate)
  --directory <folder>    where certificate and root are written (default: a temporary folder)
  --secret <name=value>   a secret for the vault; may be given again (default: my-secret)
  --format <format>       dotenv, or json for "Values" in local.settings.json (default: dotenv)
  --help, -h              prints this
  --version, -v           prints the version

Examples:
  mtls-pop-emulator > .env
  mtls-pop-emulator --credential managed-identity > .env
  mtls-pop-emulator --directory .emulator --secret my-secret=s3cret --format json
`;
