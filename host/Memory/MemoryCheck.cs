using ActorTrain.Host.Configuration;
using ActorTrain.Models;
using ActorTrain.Models.Runtime;
using ActorTrain.Persistence.Machine;

namespace ActorTrain.Host.Memory;

/// <summary>Rejects work that needs more memory than is available before it begins: otherwise the kernel would kill it, or another process,
/// in the middle.</summary>
/// <param name="available">All memory that this process can have; null for its present memory plus what is available.</param>
internal sealed class MemoryCheck(bool isForced, AvailableMemory? available = null)
{
    /// <param name="what">What needs it, as the beginning of a sentence.</param>
    /// <param name="otherwise">Settings that need less memory, the cheapest first, and how much they need.</param>
    /// <exception cref="UserErrorException">Memory is insufficient, and the check is not overridden.</exception>
    public void Require(
        string what, MemoryPlan plan, IReadOnlyList<(string Settings, MemoryPlan Plan)>? otherwise = null,
            string way = "--force overrides this check")
    {
        if (isForced || (available ?? Ask()) is not { } there || plan.Bytes <= there.Bytes)
            return;
        var fitting = otherwise?.FirstOrDefault(one => one.Plan.Bytes <= there.Bytes);
        var advice = fitting is { Settings: not null } fits ? $"{fits.Settings} lowers that to {MemoryPlan.Words(fits.Plan.Bytes)}"
            : otherwise is [.., var least] ? $"even {least.Settings} needs {MemoryPlan.Words(least.Plan.Bytes)}, so choose a smaller "
                + $"model (model.depth, or model.layers and model.width if they are set)"
            : "free memory, or use a larger machine";
        throw new UserErrorException(
            $"{what} needs about {MemoryPlan.Words(plan.Bytes)} of memory ({plan}), but only {MemoryPlan.Words(there.Bytes)} of "
            + $"{MemoryPlan.Words(there.Of)} is available ({there.Limit}); {advice}; {way}.");
    }

    /// <summary>Checks the memory for training; an error names settings with which it would suffice.</summary>
    /// <param name="shape">The shape of its model.</param>
    /// <param name="isFused">Whether it runs on the fused CPU kernels.</param>
    /// <param name="hasBegun">Whether the run exists, so that settings that change its bits cannot be suggested.</param>
    /// <param name="sequences">Of a sample: a pair has two.</param>
    /// <param name="hasRollouts">Whether the policy samples them.</param>
    /// <returns>The memory needed.</returns>
    /// <exception cref="UserErrorException">Memory is insufficient, and the check is not overridden.</exception>
    public MemoryPlan RequireToTrain(
        RunConfiguration configuration, ModelOptions shape, bool isFused, bool hasBegun, int sequences = 1, bool hasRollouts = false)
    {
        var plan = MemoryPlan.ToTrain(configuration, shape, isFused, sequences: sequences, hasRollouts: hasRollouts);
        Require("The run", plan, Otherwise(configuration, shape, isFused, hasBegun, sequences, hasRollouts));
        return plan;
    }

    /// <summary>Settings with which a run needs less memory; if it has begun, only those that keep its bits.</summary>
    internal static List<(string Settings, MemoryPlan Plan)> Otherwise(RunConfiguration configuration, ModelOptions shape, bool isFused,
        bool hasBegun, int sequences = 1, bool hasRollouts = false)
    {
        var (training, compute) = (configuration.Training, configuration.Training.Compute);
        var settings = new List<string>();
        var results = new List<(string, MemoryPlan)>();
        var lowered = configuration;
        Lower(configuration.Checkpoints.Snapshots > 2, "checkpoints.snapshots=2",
            static c => c with { Checkpoints = c.Checkpoints with { Snapshots = 2 } });
        Lower(configuration.Trainers.Count > 1, "trainers.count=1", static c => c with { Trainers = c.Trainers with { Count = 1 } });
        Lower(isFused && compute is { Recompute: not Recompute.Block, Device: "cpu" }, "training.recompute=block", static c =>
            c with { Training = c.Training with { Compute = c.Training.Compute with { Recompute = Recompute.Block } } });
        Lower(!hasBegun && training.MicroBatch > 1, "training.micro_batch=1",
            static c => c with { Training = c.Training with { MicroBatch = 1 } });
        return results;

        // Each alone, and then all that are lowered so far.
        void Lower(bool isPossible, string setting, Func<RunConfiguration, RunConfiguration> lower)
        {
            if (!isPossible)
                return;
            results.Add(($"--set {setting}", PlanOf(lower(configuration))));
            settings.Add($"--set {setting}");
            lowered = lower(lowered);
            if (settings.Count > 1)
                results.Add((string.Join(' ', settings), PlanOf(lowered)));
        }

        MemoryPlan PlanOf(RunConfiguration asked) =>
            MemoryPlan.ToTrain(asked, shape, isFused, sequences: sequences, hasRollouts: hasRollouts);
    }

    private static AvailableMemory? Ask() =>
        AvailableMemory.Read() is { } beside ? beside with { Bytes = Math.Min(beside.Of, beside.Bytes + Environment.WorkingSet) } : null;
}
