import { app } from "@azure/functions";

app.timer("tick", { schedule: "0 0 * * * *", handler: () => process.env.GREETING });
