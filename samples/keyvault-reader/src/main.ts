import "./functions/check-expiry.js";
import "./functions/health.js";
import "./functions/read-secret.js";
