using System.CommandLine;
using System.Globalization;
using ActorTrain.Data.Tokenizers;
using ActorTrain.Host.Cli;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Reports;
using ActorTrain.Host.Rollouts;
using ActorTrain.Models;
using ActorTrain.Models.Rollouts;

namespace ActorTrain.Host.Commands;

internal static class RolloutsCommand
{
    private static readonly Choice Orders =
        new(("sample", AnswerOrder.Sample), ("best", AnswerOrder.Best), ("worst", AnswerOrder.Worst));

    public static CliCommand Define()
    {
        var path = RunArgument.Create("Name (under runs/) or folder of a run of 'actortrain rlhf'.");
        var step = Step("The step whose rollouts to show [default: the newest].");
        var position = Position("Only the prompt at position P of the stream of prompts.");
        var samples = OptionChecks.Optional<int>("--samples", "K", new Whole(1, 4096), "Answers of each prompt [default: all].");
        var order = OptionChecks.Word("--order", "sample", Orders,
            "Order of prompts and answers: by number, or by reward, the best or the worst first.");
        var json = new Option<bool>("--json") { Description = "Print JSON instead of text." };
        return new CliCommand<RolloutsRequest>("rollouts", "Show the answers that a policy was trained on, with their rewards.", """
            Step N is the update after the first N: its answers were sampled by the weights after N updates (with rollouts.lag, by
            earlier ones) and are in rollouts/step-N.jsonl of the run; its figures are those of step N + 1 in metrics.jsonl. Special
            tokens are shown by their names. Advantages are computed again from the rewards; that of an answer is the mean over the
            tokens that it is trained on. KL is the estimate Σ(log p − log p_base) of an answer, in nats, where the base model is
            compared with.

            Works during training and after kill -9; 'actortrain replay' proves that a rollout is what the weights sample.

            Examples:
              actortrain rollouts policy
              actortrain rollouts policy --step 120 --order worst --samples 2
              actortrain rollouts runs/policy --prompt 4711 --step 147 --json
            """,
            line => new RolloutsRequest(
                line.GetRequiredValue(path), line.GetValue(step), line.GetValue(position), line.GetValue(samples),
                Orders.ValueOf<AnswerOrder>(line.GetRequiredValue(order)), line.GetValue(json)),
            Run) { path, step, position, samples, order, json };
    }

    /// <summary>The option that names a step.</summary>
    public static Option<long?> Step(string description) =>
        OptionChecks.Optional<long>("--step", "N", new Whole(0, long.MaxValue), description);

    /// <summary>The option that names a prompt.</summary>
    public static Option<long?> Position(string description) =>
        OptionChecks.Optional<long>("--prompt", "P", new Whole(0, long.MaxValue), description);

    public static int Run(RolloutsRequest request, CommandContext context)
    {
        var past = PastRollouts.Open(request.Run);
        var rollouts = past.Read(request.Step ?? past.Newest());
        var document = DocumentOf(past, rollouts, request);
        if (request.Json)
            context.Output.WriteLine(ReportJson.Write(document));
        else
            RolloutsReport.Write(document, context.Output);
        return ExitCode.Success;
    }

    private static RolloutsDocument DocumentOf(PastRollouts past, StepRollouts rollouts, RolloutsRequest request)
    {
        var configuration = past.Configuration;
        var experience = new Experience(
            rollouts.Groups, configuration.Advantages.Of(rollouts), configuration.Rollouts.MaxTokens, isOnPolicy: true);
        var (tokenizer, _) = past.Tokenizer();
        using (tokenizer)
        {
            var groups = rollouts.Groups.Index();
            if (request.Position is { } position)
                groups = [Find(rollouts, position)];
            var prompts = groups.Select(group => new PromptDocument(
                group.Item.Position, tokenizer.Display([.. group.Item.Prompt]), Chosen(group.Item.Samples.Index().Select(one =>
                    AnswerDocument.Of(one.Index, one.Item, experience.AdvantagesOf(group.Index, one.Index), tokenizer)), request)));
            return new RolloutsDocument(
                past.Run.Path, rollouts.Step, configuration.Rollouts.Schedule().WeightsOf(rollouts.Step),
                rollouts.Weights.ToString("x16", CultureInfo.InvariantCulture), configuration.Scoring.Parts(), experience.Summary,
                Ordered([.. prompts], static prompt => prompt.Answers.Average(static answer => answer.Reward), request.Order));
        }
    }

    /// <summary>The rollouts of a prompt, with its place in the step.</summary>
    /// <exception cref="UserErrorException">The step has no such prompt.</exception>
    public static (int Index, RolloutGroup Group) Find(StepRollouts rollouts, long position) =>
        rollouts.Groups.Index().Where(group => group.Item.Position == position).Select(static group => ((int, RolloutGroup)?)group)
            .FirstOrDefault() ?? throw new UserErrorException($"Step {rollouts.Step} has no prompt at position {position}; it has those at "
                + $"positions {PastRollouts.Words(rollouts.Groups.Select(static group => group.Position))}.");

    private static IReadOnlyList<AnswerDocument> Chosen(IEnumerable<AnswerDocument> answers, RolloutsRequest request) =>
        [.. Ordered([.. answers], static answer => answer.Reward, request.Order).Take(request.Samples ?? int.MaxValue)];

    // What has no reward comes last.
    private static IReadOnlyList<T> Ordered<T>(IReadOnlyList<T> items, Func<T, double?> reward, AnswerOrder order) => order switch
    {
        AnswerOrder.Best => [.. items.OrderBy(item => reward(item) is null).ThenByDescending(reward)],
        AnswerOrder.Worst => [.. items.OrderBy(item => reward(item) is null).ThenBy(reward)],
        _ => items,
    };
}

public enum AnswerOrder
{
    Sample,

    /// <summary>The highest reward first.</summary>
    Best,

    /// <summary>The lowest reward first.</summary>
    Worst,
}

public sealed record RolloutsRequest(string Run, long? Step, long? Position, int? Samples, AnswerOrder Order, bool Json);
