/** What leg 1's token is for, by cloud; the first one is the default everywhere. @see PROTOCOL.md section 6; MSAL's `TokenExchangeUrl` */
export const TOKEN_EXCHANGE_URLS = [
  "api://AzureADTokenExchange",
  "api://AzureADTokenExchangeUSGov",
  "api://AzureADTokenExchangeChina",
] as const;

/** The resource of a federated exchange. */
export type TokenExchangeUrl = (typeof TOKEN_EXCHANGE_URLS)[number];
