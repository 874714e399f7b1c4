using System.Diagnostics;
using System.Globalization;
using ActorTrain.Actors.PostTraining;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Tracing;
using ActorTrain.Models;
using ActorTrain.Models.Storage;

namespace ActorTrain.Bench.Rollouts;

/// <summary>What the actors of an RLHF run do in its steps, by the run's own trace: the part of each role, how long each is idle, and what
/// publication, ledger and hashes cost.</summary>
internal sealed class RoleBench
{
    private const int Steps = 12;

    private readonly List<HandledMessage> messages;
    private readonly StepTrace trace;

    private RoleBench(StepTrace trace)
    {
        this.trace = trace;
        messages = [.. trace.Messages.Where(message => message.Began >= trace.Steps[0] && message.Began < trace.Steps[^1])];
    }

    private double Wall => trace.Steps[^1] - trace.Steps[0];

    public static void Run(Figures figures)
    {
        var model = Trainee.BenchmarkModel;
        Console.WriteLine(
            $"\nrlhf_roles: PPO in bf16, {model.Layers} layers, width {model.Width}; 16 prompts a step, {Decoding.Samples} answers of up "
            + $"to {SmallRun.MostTokens} tokens each; a reward model, a reference and a critic of the same size; {Steps} steps");
        using var run = new SmallRun();
        new RoleBench(run.Trace(Steps)).Print(figures);
    }

    private void Print(Figures figures)
    {
        var installs = Longest("rollout-", nameof(GenerateRollouts)).Concat(Longest("critic-", nameof(JudgeRollouts))).ToList();
        var copies = messages.Where(static message => message.Message == nameof(CopyState)).ToList();
        var publishing = installs.Concat(copies).ToHashSet();
        (string Role, string[] Actors)[] roles =
        [
            ("generating", ["rollout-"]), ("scoring", ["reward-"]), ("reference", ["reference-"]), ("critic", ["critic-"]),
            ("advantages", ["rollouts"]), ("ledger", ["ledger"]), ("training", ["trainer-", "reducer-"]),
        ];
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  a step takes {Wall / Steps:F0} ms; of it"));
        foreach (var (role, actors) in roles)
        {
            var ofRole = messages.Where(message => actors.Any(actor => IsOf(message, actor))).ToList();
            var share = Percent(ofRole.Where(message => !publishing.Contains(message)));

            // Of its busiest actor.
            var idle = 100 - ofRole.GroupBy(static message => message.Actor).Max(Percent);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {role,-12}{share,6:F2} %   idle {idle,6:F2} %"));
            figures.Add($"rlhf.share.{role}_percent", share);
            figures.Add($"rlhf.idle.{role}_percent", idle);
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {"publishing",-12}{Percent(publishing),6:F2} %"));
        figures.Add("rlhf.share.publishing_percent", Percent(publishing));
        figures.Add("rlhf.publish_ms", Publications(copies, installs).Median());
        var (hashes, checks) = Hashing();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"  of a step, the ledger takes {Percent(Of("ledger")) / 100 * Wall / Steps:F1} ms, hashes of published weights "
            + $"{hashes:F1} ms, and workers' checks of their weights at most {checks:F1} ms"));
        figures.Add("rlhf.ledger_percent", Percent(Of("ledger")) + (100 * hashes * Steps / Wall));
        figures.Add("rlhf.integrity_percent", 100 * checks * Steps / Wall);
    }

    // From the copy that a trainer makes of its weights, hashed, to the sampler that has checked and installed it.
    private IEnumerable<double> Publications(IReadOnlyList<HandledMessage> copies, IReadOnlyList<HandledMessage> installs) =>
        from install in installs
        where install.Message == nameof(GenerateRollouts)
        let copy = copies.LastOrDefault(copy => copy.Began < install.Began)
        where copy is not null
        select install.Began + install.Took - copy.Began;

    // Milliseconds of a step, by the time that one takes and their number. Policy and critic, with their moments, are hashed when they are
    // copied, and by the sampler and the critic when they install them.
    private (double Hashes, double Checks) Hashing()
    {
        using var parameters = Decoding.Weights(Trainee.BenchmarkModel);
        var checksum = FlatChecksum.Of(parameters.Weights);
        var hash = 2 * Milliseconds(() => StateHash.Of(parameters.Weights, parameters.Weights, parameters.Weights));

        // Packed copies have as many bytes as the weights. Judges may check theirs less often than they work.
        var check = 2 * Milliseconds(() => checksum.Verify(parameters.Weights, FlatPlace.Weights));
        var checks = Works("rollout-") / GeneratorDevice.TokensPerCheck + Works("reward-") + Works("reference-") + Works("critic-");
        return (3 * hash, (double)checks / Steps * check);

        int Works(string actor) => Of(actor).Count(static message => message.Message == "Work");
    }

    private static double Milliseconds(Action act)
    {
        act();
        return Enumerable.Range(0, 5).Select(_ =>
        {
            var started = Stopwatch.GetTimestamp();
            act();
            return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        }).Median();
    }

    // In each step, the first order finds that other weights are installed, and takes longest.
    private IEnumerable<HandledMessage> Longest(string actor, string kind) => trace.Steps
        .Zip(trace.Steps.Skip(1), static (from, to) => (From: from, To: to))
        .Select(step => messages.Where(message => IsOf(message, actor) && message.Message == kind
            && message.Began >= step.From && message.Began < step.To).MaxBy(static message => message.Took))
        .OfType<HandledMessage>();

    private IEnumerable<HandledMessage> Of(string actor) => messages.Where(message => IsOf(message, actor));

    private double Percent(IEnumerable<HandledMessage> some) => 100 * some.Sum(static message => message.Took) / Wall;

    // "rollout-" of any number, "ledger" alone.
    private static bool IsOf(HandledMessage message, string actor) =>
        actor.EndsWith('-') ? message.Actor.StartsWith(actor, StringComparison.Ordinal) : message.Actor == actor;
}
