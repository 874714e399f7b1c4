using System.CommandLine;
using ActorTrain.Host.Configuration;

namespace ActorTrain.Host.Commands;

/// <summary>Defines <c>actortrain generate</c>.</summary>
internal static class GenerateCommand
{
    public static Command Define(Func<GenerateRequest, int> run)
    {
        var path = RunArgument.Create();
        var prompt = new Option<string>("--prompt") { Description = "What the text begins with.", HelpName = "TEXT", DefaultValueFactory = static _ => "" };
        var tokens = OptionChecks.Whole("--tokens", 200, new Whole(1), "Tokens to write after the prompt.");
        var temperature = OptionChecks.Number("--temperature", 0.8, new Number(0, Above: true), "Divides the logits: lower is safer, higher is wilder.");
        var topK = OptionChecks.Whole("--top-k", 0, new Whole(0), "Draw only from the N likeliest tokens; 0 draws from all.");
        var topP = OptionChecks.Number("--top-p", 1, new Number(0, 1, Above: true), "Draw only from the likeliest tokens that together have this probability.");
        var seed = OptionChecks.Long("--seed", 1, new Whole(0, long.MaxValue), "Seed of the draws: the same seed gives the same text.");
        var greedy = new Option<bool>("--greedy") { Description = "Take the likeliest token each time; no draws." };
        var count = OptionChecks.Whole("--count", 1, new Whole(1, 10_000), "How many texts to write, with seeds counted up.");
        var force = OptionChecks.Force();
        var command = new TaughtCommand("generate", "Write text with a trained model.", """
            Examples:
              actortrain generate book --prompt 'In the beginning' --tokens 100
              actortrain generate book --prompt 'In the beginning' --greedy
              actortrain generate runs/book --temperature 1 --top-p 0.9 --seed 7 --count 3
            """) { path, prompt, tokens, temperature, topK, topP, seed, greedy, count, force };
        command.SetAction(line => run(new GenerateRequest(
            line.GetRequiredValue(path), line.GetRequiredValue(prompt), line.GetValue(tokens), line.GetValue(temperature), line.GetValue(topK),
            line.GetValue(topP), line.GetValue(seed), line.GetValue(greedy), line.GetValue(count), line.GetValue(force))));
        return command;
    }
}
