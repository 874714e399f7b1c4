using System.CommandLine;
using ActorTrain.Host.Cli;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Hosting;
using ActorTrain.Host.Memory;
using ActorTrain.Host.Rollouts;
using ActorTrain.Host.Training;
using ActorTrain.Models;
using ActorTrain.Models.Randomness;

namespace ActorTrain.Host.Commands;

internal static class ReplayCommand
{
    private const int NamedDifferences = 10;

    public static CliCommand Define()
    {
        var path = RunArgument.Create("Name (under runs/) or folder of a run of 'actortrain rlhf'.");
        var step = RolloutsCommand.Step("The step whose rollouts to sample.");
        var position = RolloutsCommand.Position("With --step: only the prompt at position P of the stream of prompts.");
        var sample = OptionChecks.Optional<int>("--sample", "J", new Whole(0, 4095), "With --prompt: only this answer, from 0.");
        var count = OptionChecks.Optional<int>(
            "--count", "M", new Whole(1), "Random rollouts instead of all: of the step, or of the whole run.");
        var seed = OptionChecks.Long("--seed", 1, new Whole(0, long.MaxValue), "With --count: the same seed chooses the same rollouts.");
        var repair = new Option<bool>("--repair")
        {
            Description = "Sample again what is missing or damaged in the run's rollouts/, and write it; only while no process trains "
                + "the run.",
        };
        var force = OptionChecks.Force();
        var command = new CliCommand<ReplayRequest>("replay", "Sample past rollouts again and compare every bit with the records.", """
            The weights that sampled step N are those of the newest checkpoint before, or those that the run began with, and the
            updates since, computed again from the rollouts in the run's folder, interventions included. Each recomputed step is compared
            with metrics.jsonl and with the state's hash in its file; then the rollouts are sampled, and ids and log-probabilities compared,
            with a KL coefficient above 0 also those under the base model.
            All of it needs the run's folder alone; what is missing there is sampled and scored again with the run's data.

            Exit code 1: something differs from the records; the first differences are printed. The cause is another machine (its numeric
            fingerprint is compared first), or a fault of the machine or the program.

            Examples:
              actortrain replay policy --count 100
              actortrain replay policy --step 147
              actortrain replay runs/policy --step 147 --prompt 4711 --sample 3
              actortrain replay policy --repair
            """,
            line => new ReplayRequest(
                line.GetRequiredValue(path), line.GetValue(step), line.GetValue(position), line.GetValue(sample), line.GetValue(count),
                line.GetValue(seed), line.GetValue(repair), line.GetValue(force)),
            Run) { path, step, position, sample, count, seed, repair, force };
        command.Validators.Add(line =>
        {
            if (line.GetResult(step) is null && line.GetResult(count) is null && !line.GetValue(repair))
                line.AddError("replay needs --step N, --count M for random rollouts, or --repair");
            Require(position, step);
            Require(sample, position);
            foreach (var option in new Option[] { position, step }.Where(_ => line.GetValue(repair)))
                Exclude(option, repair);
            Exclude(count, repair);
            Exclude(count, position);
            if (line.GetResult(seed) is { Implicit: false } && line.GetResult(count) is null)
                line.AddError("--seed chooses random rollouts; give it with --count");

            void Require(Option option, Option other)
            {
                if (line.GetResult(option) is not null && line.GetResult(other) is null)
                    line.AddError($"{option.Name} requires {other.Name}; pass both");
            }

            void Exclude(Option option, Option other)
            {
                if (line.GetResult(option) is not null && line.GetResult(other) is { Implicit: false })
                    line.AddError($"{option.Name} and {other.Name} are mutually exclusive; pass one of them");
            }
        });
        return command;
    }

    public static int Run(ReplayRequest request, CommandContext context)
    {
        var past = PastRollouts.Open(request.Run);
        var wanted = request.Repair ? [] : Chosen(past, request);
        var training = past.Configuration.Training;
        var environment = NumericEnvironment.Choose(training.Compute);
        RolloutSetup.RequireKernels(environment);
        new MemoryCheck(request.Force).Require("The replay", MemoryPlan.ToTrain(
            past.Configuration with { Checkpoints = past.Configuration.Checkpoints with { Snapshots = 1 } },
            TrainingStage.Reinforcing.ModelOf(past.Configuration, past.Configuration.Base.Vocabulary), environment.IsFused, trainers: 1,
            past.Configuration.Rollouts.Samples));
        using var interrupted = new StopSignal();
        using var held = request.Repair ? past.Run.Lock() : null;
        using var replay = new RolloutReplay(past, environment, context.Output.WriteLine, interrupted.Token);
        return request.Repair ? Repair(past, replay, context) : Compare(wanted, replay, context);
    }

    private static int Compare(List<RolloutName> wanted, RolloutReplay replay, CommandContext context)
    {
        List<string> differences = [];
        foreach (var step in wanted.GroupBy(static one => one.Step).OrderBy(static step => step.Key))
        {
            var found = replay.Compare(step.Key, [.. step]);
            context.Output.WriteLine($"step {step.Key}: {Plural.Of(step.Count(), "rollout")}, "
                + $"{(found.Count == 0 ? "equal" : "not equal")}");
            differences.AddRange(found);
            if (found.Count > 0)
                break;
        }

        if (differences.Count == 0)
        {
            var also = replay.HasReferences ? ", also those under the base model," : "";
            context.Output.WriteLine($"{Plural.Of(wanted.Count, "rollout")} sampled again, equal to the ledger to the bit: ids and "
                + $"log-probabilities{also} of {replay.Tokens} tokens.");
            return ExitCode.Success;
        }

        Write("The replay differs from the records of the run:", differences, context.Error);
        return ExitCode.Failure;
    }

    private static int Repair(PastRollouts past, RolloutReplay replay, CommandContext context)
    {
        List<long> damaged = [];
        var schedule = past.Configuration.Rollouts.Schedule();
        for (var step = 0L; step < past.Committed; step++)
        {
            if (schedule.FirstStepOf(step) == step && past.Ledger.Read(step) is null)
                damaged.Add(step);
        }

        foreach (var step in damaged)
        {
            if (replay.Repair(step) is { } difference)
            {
                Write("The repair differs from the records of the run:", [difference], context.Error);
                return ExitCode.Failure;
            }

            context.Output.WriteLine($"wrote {past.Ledger.PathOf(step)}");
        }

        context.Output.WriteLine(damaged.Count == 0 ? $"The rollouts of all {past.Committed} steps are complete and intact."
            : $"{past.Run.Path} has the rollouts of all {past.Committed} steps again.");
        return ExitCode.Success;
    }

    private static void Write(string headline, List<string> differences, TextWriter output)
    {
        output.WriteLine($"actortrain: {headline}");
        foreach (var difference in differences.Take(NamedDifferences))
            output.WriteLine($"  {difference}");
        if (differences.Count > NamedDifferences)
            output.WriteLine($"  and {differences.Count - NamedDifferences} more");
    }

    private static List<RolloutName> Chosen(PastRollouts past, ReplayRequest request)
    {
        var samples = past.Configuration.Rollouts.Samples;
        if (request.Step is { } step)
        {
            var kept = past.Read(step);
            if (request.Sample >= samples)
                throw new UserErrorException($"{past.Run.Path} has {samples} answers of each prompt, numbered from 0; --sample is "
                    + $"{request.Sample}.");
            IEnumerable<int> groups = request.Position is { } position ? [RolloutsCommand.Find(kept, position).Index]
                : Enumerable.Range(0, kept.Groups.Count);
            RolloutName[] all = [.. groups.SelectMany(group => Numbers(request.Sample, samples)
                .Select(sample => new RolloutName(step, group, sample)))];
            return [.. Some(all.Length, request).Select(number => all[number])];
        }

        past.Newest();
        var perStep = past.Configuration.Training.Batch * samples;
        return
        [
            .. Some((long)past.Steps.Count * perStep, request).Select(number => new RolloutName(
                past.Steps[(int)(number / perStep)], (int)(number % perStep) / samples, (int)(number % samples))),
        ];
    }

    private static IEnumerable<int> Numbers(int? one, int samples) => one is { } number ? [number] : Enumerable.Range(0, samples);

    // All, or different random ones, in ascending order.
    private static IEnumerable<long> Some(long all, ReplayRequest request)
    {
        if ((request.Count ?? all) >= all)
            return Enumerable.Range(0, (int)all).Select(static number => (long)number);
        var chosen = new SortedSet<long>();
        for (var draw = 0L; chosen.Count < request.Count; draw++)
            chosen.Add((long)(SplitMix64.Fraction(SplitMix64.Scatter((ulong)request.Seed, (ulong)draw)) * all));
        return chosen;
    }
}

/// <param name="Count">Random rollouts; null for all.</param>
public sealed record ReplayRequest(
    string Run, long? Step, long? Position, int? Sample, int? Count, long Seed, bool Repair, bool Force = false);
