/** This package's version, as the services see it in `x-client-Ver`; a test keeps it equal to package.json. */
export const VERSION = "0.1.0";
