using System.CommandLine;
using System.Globalization;
using ActorTrain.Data.Chats;
using ActorTrain.Host.Cli;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Generating;
using ActorTrain.Host.Hosting;
using ActorTrain.Host.Memory;
using ActorTrain.Host.Runs;
using ActorTrain.Host.Training;
using ActorTrain.Models;
using ActorTrain.Models.Generation;
using ActorTrain.Models.Runtime;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Commands;

internal static class GenerateCommand
{
    private static readonly Choice Precisions = new(("float32", Precision.Float32), ("bfloat16", Precision.BFloat16));

    public static CliCommand Define()
    {
        var path = RunArgument.Create();
        var prompt = new Option<string>("--prompt")
        { Description = "Prompt to continue.", HelpName = "TEXT", DefaultValueFactory = static _ => "" };
        var chat = new Option<string?>("--chat")
        {
            Description = "Message of a user to answer, for a model that was trained on chats; only the answer is printed.",
            HelpName = "TEXT",
        };
        var system = new Option<string?>("--system") { Description = "System message ahead of --chat.", HelpName = "TEXT" };
        var tokens = OptionChecks.Whole("--tokens", 200, new Whole(1), "Number of tokens to generate.");
        var samples = OptionChecks.Whole("--samples", 1, new Whole(1, 10_000), "Number of texts, separated by a line of three dashes.");
        var sampling = new SamplingOptions { Temperature = 0.8 };
        var temperature = OptionChecks.Declared<double>(sampling, nameof(SamplingOptions.Temperature));
        var topK = OptionChecks.Declared<int>(sampling, nameof(SamplingOptions.TopK));
        var topP = OptionChecks.Declared<double>(sampling, nameof(SamplingOptions.TopP));
        var minP = OptionChecks.Declared<double>(sampling, nameof(SamplingOptions.MinP));
        var penalty = OptionChecks.Declared<double>(sampling, nameof(SamplingOptions.RepetitionPenalty));
        var seed = OptionChecks.Long("--seed", 1, new Whole(0, long.MaxValue), "Sampling seed: the same seed gives the same texts.");
        var greedy = new Option<bool>("--greedy")
        { Description = "Greedy decoding: always take the most likely token, as with --temperature 0." };
        var stop = Stop();
        var precision = OptionChecks.Optional<Precision>(
            "--precision", "float32|bfloat16", Precisions,
            "Precision of matrix multiplications [default: that of the run; float32 if it was imported].");
        var force = OptionChecks.Force();
        var command = new CliCommand<GenerateRequest>("generate", "Generate text with a trained model.", """
            Text is printed as it is generated. Of several texts the first is; each of the others follows when those before it are complete.
            A text depends on the model, the prompt, the options, the seed and its number, not on how many there are.

            With --chat, the message is written as the run's chats were, and the answer ends with the assistant's turn.

            Examples:
              actortrain generate book --prompt 'In the beginning' --tokens 100
              actortrain generate book --prompt 'In the beginning' --greedy
              actortrain generate runs/book --temperature 1 --min-p 0.05 --seed 7 --samples 3
              actortrain generate book --prompt 'Q: Who wrote it?' --stop 'Q:' --stop '###'
              actortrain generate assistant --chat 'Who wrote it?' --system 'Answer in one word.'
            """,
            line => new GenerateRequest(
                line.GetRequiredValue(path), line.GetRequiredValue(prompt), line.GetValue(tokens),
                new SamplingOptions
                {
                    Temperature = line.GetValue(greedy) ? 0 : line.GetValue(temperature),
                    TopK = line.GetValue(topK),
                    TopP = line.GetValue(topP),
                    MinP = line.GetValue(minP),
                    RepetitionPenalty = line.GetValue(penalty),
                    Seed = (ulong)line.GetValue(seed),
                },
                line.GetValue(samples), [.. line.GetValue(stop) ?? []], line.GetValue(precision), line.GetValue(force),
                line.GetValue(chat), line.GetValue(system)),
            Run)
        {
            path, prompt, chat, system, tokens, samples, temperature, topK, topP, minP, penalty, seed, greedy, stop, precision, force
        };
        command.Validators.Add(line =>
        {
            if (line.GetResult(chat) is not null && line.GetResult(prompt) is { Implicit: false })
                line.AddError("--chat and --prompt are mutually exclusive; pass one of them");
            if (line.GetResult(system) is not null && line.GetResult(chat) is null)
                line.AddError("--system stands ahead of a message; give that with --chat");
            if (line.GetResult(greedy) is { Implicit: false } && line.GetResult(temperature) is { Implicit: false })
                line.AddError("--greedy and --temperature are mutually exclusive; pass one of them");
            var isGreedy = line.GetResult(greedy) is { Implicit: false }
                || (line.GetResult(temperature)?.Tokens is [.., var given]
                    && double.TryParse(given.Value, CultureInfo.InvariantCulture, out var heat) && heat == 0);
            foreach (var option in new Option[] { topK, topP, minP })
            {
                if (isGreedy && line.GetResult(option) is { Implicit: false })
                    line.AddError($"{option.Name} restricts what is sampled, and greedy decoding does not sample; omit one of them");
            }

            foreach (var option in new[] { chat, system })
            {
                if (line.GetResult(option) is { Tokens: [{ Value: var text }] } && string.IsNullOrWhiteSpace(text))
                    line.AddError($"{option.Name} is empty; give a message.");
            }
        });
        return command;
    }

    public static int Run(GenerateRequest request, CommandContext context)
    {
        var run = NamedRun.Find(request.Run).Directory;
        var training = File.Exists(run.ConfigurationFile) ? RunFile.Read(run.ConfigurationFile, []).Training : null;
        NumericEnvironment.Choose((training?.Compute ?? new ComputeOptions()) with { Device = "cpu" });
        var precision = request.Precision ?? training?.Precision ?? Precision.Float32;

        var template = request.Chat is null ? null : RequireTemplate(run, request);
        var longest = ModelPrompt.Most(template, request.Prompt, request.Chat, request.System);
        using var trained = TrainedModel.Open(request.Run, step: null, context, model =>
        {
            TrainedModel.RequireLogits(model, run.Path);
            new MemoryCheck(request.Force).Require("Generating text", MemoryPlan.ToGenerate(
                new ModelMemory(model, precision, FusedKernels.IsAvailable), longest, request.Tokens, request.Samples));
        });
        using var tokenizer = trained.Tokenizer();
        var prompt = template is null ? ModelPrompt.OfText(tokenizer, request.Prompt)
            : ModelPrompt.OfChat(tokenizer, template, run.Path, request.System, request.Chat!);
        using var interrupted = new StopSignal();
        var (model, parameters) = trained.Build(precision);
        using (parameters)
        using (model)
        {
            var generator = new TextGenerator(model, prompt.Ids, request.Sampling)
            {
                Texts = request.Samples,
                Tokens = request.Tokens,
                EndToken = prompt.End,
                Pieces = tokenizer.VocabularySize,
            };
            GeneratedText[] texts =
                [.. Enumerable.Range(0, request.Samples).Select(_ => new GeneratedText(tokenizer, request.Stop, prompt.Lead))];
            var output = new OrderedTexts(context.Output, prompt.Shown, request.Samples);
            foreach (var token in generator.Generate())
            {
                interrupted.Token.ThrowIfCancellationRequested();
                var text = texts[token.Text];
                output.Add(token.Text, text.Add(token.Id));
                var isLast = token.IsLast || text.IsStopped || token.Id == tokenizer.EndOfText;
                if (!isLast)
                    continue;
                generator.End(token.Text);
                output.Add(token.Text, text.End());
                output.Complete(token.Text);
            }
        }

        return ExitCode.Success;
    }

    /// <exception cref="UserErrorException">The run has no template, or one without system messages.</exception>
    private static ChatTemplate RequireTemplate(RunDirectory run, GenerateRequest request)
    {
        var template = ChatTemplate.InFolder(run.TokenizerDirectory) ?? throw new UserErrorException(
            $"{run.Path} has no chat template, since it was not trained on chats; name a run of `actortrain sft`, or use --prompt.");
        return request.System is null || template.System is not null ? template : throw new UserErrorException(
            $"The chat template of {run.Path} has no system messages; omit --system.");
    }

    private static Option<string[]> Stop()
    {
        var stop = new Option<string[]>("--stop")
        {
            Description = "End a text before this one; repeatable.",
            HelpName = "TEXT",
            Arity = ArgumentArity.OneOrMore,
        };
        stop.Validators.Add(static result =>
        {
            if (result.Tokens.Any(static token => token.Value.Length == 0))
                result.AddError("--stop is empty; give a text to end at.");
        });
        return stop;
    }
}

/// <param name="Precision">Null: that of the run.</param>
public sealed record GenerateRequest(
    string Run, string Prompt, int Tokens, SamplingOptions Sampling, int Samples, EquatableArray<string> Stop, Precision? Precision = null,
    bool Force = false, string? Chat = null, string? System = null);
