// Stands for the runtime of AWS Lambda: loads the handler once, and invokes it with each event of the JSON that it is given; prints the answers.
import { handler } from "./dist/lambda.js";

const answers = [];
for (const event of JSON.parse(process.argv[2])) answers.push(await handler(event));
console.log(JSON.stringify(answers));
