import { app } from "@azure/functions";

app.hook.appStart(({ hookData }) => {
  hookData.started = true;
});
app.get("index", () => ({ body: "index" }));
