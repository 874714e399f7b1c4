using System.CommandLine;
using ActorTrain.Data.Chats;
using ActorTrain.Data.Plan;
using ActorTrain.Data.Shards;
using ActorTrain.Data.Tokenizers;
using ActorTrain.Host.Cli;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Hosting;
using ActorTrain.Host.Memory;
using ActorTrain.Host.Progress;
using ActorTrain.Host.Rollouts;
using ActorTrain.Host.Runs;
using ActorTrain.Host.Training;
using ActorTrain.Models;
using ActorTrain.Models.Evaluation;
using ActorTrain.Models.Runtime;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Commands;

internal static class EvalCommand
{
    private const int SequencesPerBatch = 8;
    private static readonly Choice Parts = new(("heldout", "heldout"), ("train", "train"));

    public static CliCommand Define()
    {
        var path = RunArgument.Create();
        var part = OptionChecks.Word("--part", "heldout", Parts, "Data split to evaluate on: heldout is the validation split.");
        var batches = OptionChecks.Whole("--batches", 0, new Whole(0), "Batches to evaluate; 0: the whole split.");
        var data = new Option<string?>("--data")
        {
            Description = "Folder written by 'actortrain prepare' "
            + "[default: the run's own data].",
            HelpName = "DIR"
        };
        var force = OptionChecks.Force();
        return new CliCommand<EvalRequest>("eval", "Measure the loss of a trained model, or the reward of a policy.", """
            On chats, loss and perplexity are over the targets: what the assistant says, and the end of its turns. On preference pairs and
            rankings, the loss is that of the run ('prefer' or 'reward'), with the share of pairs that the model orders rightly.

            On prompts, a policy answers each: the mean reward of its greedy answers, and of rollouts.samples sampled ones. An external
            judge is asked each question once; its answers are kept in judgements-eval.jsonl of the run.

            Examples:
              actortrain eval book
              actortrain eval runs/gpt2 --data data/book
              actortrain eval runs/book/checkpoints/step-00000500 --part train --batches 20
              actortrain eval assistant --data data/more-chats
            """,
            line => new EvalRequest(
                line.GetRequiredValue(path), line.GetRequiredValue(part), line.GetValue(batches), line.GetValue(data),
                    line.GetValue(force)),
            Run) { path, part, batches, data, force };
    }

    public static int Run(EvalRequest request, CommandContext context)
    {
        var run = NamedRun.Find(request.Run).Directory;
        var configuration = File.Exists(run.ConfigurationFile) ? RunFile.Read(run.ConfigurationFile, []) : null;
        var environment = NumericEnvironment.Choose((configuration?.Training.Compute ?? new ComputeOptions()) with { Device = "cpu" });
        using var trained = TrainedModel.Open(request.Run, step: null, context, model => new MemoryCheck(request.Force).Require(
            "The evaluation", MemoryPlan.ToEvaluate(new ModelMemory(model, IsFused: FusedKernels.IsAvailable), SequencesPerBatch)));
        using var data = TokenStore.Open(DataOf(request, run, configuration));
        data.RequireKind("actortrain eval", KindsOf(trained.Facts.Model, configuration));
        if (Directory.Exists(trained.TokenizerPath))
        {
            using var tokenizer = trained.Tokenizer();
            data.RequireTokenizer(tokenizer.Identity, run.Path);
        }

        if (data.Tokenizer.VocabularySize > trained.Facts.Model.VocabularySize)
        {
            throw new UserErrorException(
                $"{data.Folder} has {data.Tokenizer.VocabularySize} token ids, but the model in {run.Path} has only "
                    + $"{trained.Facts.Model.VocabularySize}; name data prepared with its tokenizer with --data.");
        }

        var part = request.Part == "train" ? data.Train : data.Validation
            ?? throw new UserErrorException(
                $"{data.Folder} has no validation split; prepare its input with --held-out 0.02 --tokenizer-from {run.Path} into another "
                    + $"folder and pass that with --data, or use --part train.");

        if (data.Kind is not DataKind.Text)
            TrainingData.RequireContext(data, trained.Facts.Model);

        using var interrupted = new StopSignal();
        data.Verify(interrupted.Token);
        if (data.Kind is DataKind.Prompts)
        {
            RolloutSetup.RequireKernels(environment);
            var prompts = part == data.Train ? data.TrainSequences : data.ValidationSequences!;
            context.Output.WriteLine(PolicyLine(trained, configuration!, data, prompts, request.Batches, context, interrupted.Token));
            return ExitCode.Success;
        }

        if (data.Kind is DataKind.Pairs or DataKind.Rankings)
        {
            using var progress = TrainingProgress.For(context);
            var comparisons = part == data.Train ? data.TrainSequences : data.ValidationSequences!;
            var sequences = TrainingStage.SequencesOf(data, configuration!);
            var measured = new ComparisonEvaluation(trained, configuration!, data, progress).Measure(
                comparisons, request.Batches, Math.Max(1, SequencesPerBatch / sequences), interrupted.Token);
            context.Output.WriteLine($"step {trained.Facts.Step}: loss {measured.Loss:F4}, accuracy {measured.Accuracy:F4} over "
                + $"{measured.Tokens} {data.Kind.Plural()}");
            return ExitCode.Success;
        }

        var (model, parameters) = trained.Build();
        using (parameters)
        using (model)
        {
            var chats = data.Kind is not DataKind.Chat ? null
                : new ChatSamples(part == data.Train ? data.TrainSequences : data.ValidationSequences!, SequencesPerBatch);
            var samples = chats is null
                ? new SampleReader(part, model.Options.ContextLength, SequencesPerBatch).FromStart(request.Batches)
                : chats.FromStart(request.Batches);
            var result = ValidationLoss.Measure(model, samples, data.Tokenizer.ByteCounts(), interrupted.Token);
            context.Output.WriteLine($"step {trained.Facts.Step}: loss {result.Loss:F4} nats/token, perplexity {result.Perplexity:F2}, "
                + (chats is null
                    ? $"{result.BitsPerByte:F4} bits/byte over {result.Tokens} tokens (unigram entropy {part.UnigramEntropy:F4})"
                    : $"over {result.Tokens} targets"));
        }

        return ExitCode.Success;
    }

    private static string PolicyLine(
        TrainedModel trained, RunConfiguration configuration, TokenStore data, SequencePart part, int batches, CommandContext context,
        CancellationToken stop)
    {
        var rollouts = configuration.Rollouts;
        var count = batches == 0 ? part.Groups : Math.Min(part.Groups, (long)batches * SequencesPerBatch);
        var setup = new RolloutSetup(configuration, data);
        using var judge = setup.Judge(trained.Run.EvaluationJudgementsFile, context.Time);
        var evaluation = new PolicyEvaluation(
            setup, setup.Generator(trained.Facts.Model), new TrainedWeights(trained), setup.Sources(trained.Run, judge),
            reason => context.Error.WriteLine($"{reason} Retrying with exponential backoff."));
        var greedy = evaluation.Measure(part, count, samples: 1, temperature: 0, stop);
        var sampled = evaluation.Measure(part, count, rollouts.Samples, rollouts.Temperature, stop);
        return $"step {trained.Facts.Step}: reward {Figures.Loss(greedy.Reward)} greedy, {Figures.Loss(sampled.Reward)} sampled over "
            + $"{count} prompts ({rollouts.Samples} samples at temperature {Figures.Short(rollouts.Temperature)}); greedy answers have "
            + $"{greedy.Length:F1} tokens, {Figures.Percent(greedy.Ended)} have ended";
    }

    // A language model has a loss of pairs if its run has a model that it started with, as that of `prefer` has.
    private static DataKind[] KindsOf(ModelOptions model, RunConfiguration? configuration) =>
        configuration is null || (model.Output is ModelOutput.Logits && configuration.Base.Digest.Length == 0)
            ? [DataKind.Text, DataKind.Chat]
            : model.Output is ModelOutput.Score ? [DataKind.Pairs, DataKind.Rankings]
            : [DataKind.Text, DataKind.Chat, DataKind.Pairs, DataKind.Prompts];

    private static string DataOf(EvalRequest request, RunDirectory run, RunConfiguration? configuration)
    {
        if (request.Data is { } given)
            return given;
        if (configuration is null)
            throw new UserErrorException($"{run.Path} was imported, so it has no data of its own; name data with --data.");
        return Directory.Exists(configuration.Data.Path) ? configuration.Data.Path : throw new UserErrorException(
            $"The data of {run.Path} is not at {configuration.Data.Path} (relative to this folder); name its folder with --data.");
    }
}

public sealed record EvalRequest(string Run, string Part, int Batches, string? Data, bool Force = false);
