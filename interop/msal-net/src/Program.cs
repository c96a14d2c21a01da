// Answers questions about MSAL.NET: one JSON object a line on standard input, one a line on standard output, in the same order.
using System.Text.Json;
using System.Text.Json.Serialization;
using MtlsPop.Interop;

JsonSerializerOptions json = new(JsonSerializerDefaults.Web)
{
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectRequiredConstructorParameters = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
};

while (await Console.In.ReadLineAsync() is { } line)
{
    Question question = JsonSerializer.Deserialize<Question>(line, json)!;
    Answer answer = await AnswerAsync(question);
    await Console.Out.WriteLineAsync(JsonSerializer.Serialize(answer, json));
}

static async Task<Answer> AnswerAsync(Question question)
{
    using LoopbackHttpClientFactory clients = new(question.Root, question.TokenPort);
    TokenOutcome outcome = await TokenAcquisition.AcquireAsync(question, clients);
    if (outcome.Token is null) return new Answer(outcome.Facts, []);
    List<CallOutcome> calls = [];
    foreach (Call call in question.Calls) calls.Add(await ResourceCall.SendAsync(call, outcome.Token, clients));
    return new Answer(outcome.Facts, calls);
}
