const { app } = require("@azure/functions");

app.get("main", { handler: () => ({ body: "main" }) });
