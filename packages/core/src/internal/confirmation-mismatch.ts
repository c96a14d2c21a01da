/** How a resource of this toolkit's says in its challenge that a token and the connection's certificate do not belong together. */
export const BOUND_TO_ANOTHER = "The token is bound to another certificate.";
