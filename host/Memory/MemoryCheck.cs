using ActorTrain.Host.Configuration;
using ActorTrain.Models;
using ActorTrain.Persistence.Machine;

namespace ActorTrain.Host.Memory;

/// <summary>Refuses what needs more memory than is available, before it begins: the kernel would kill it in the middle, or another
/// process.</summary>
/// <param name="available">What this process can have in all; null: what it has, and what is available beside that.</param>
internal sealed class MemoryCheck(bool isForced, AvailableMemory? available = null)
{
    /// <summary>Refuses a plan for which there is not enough memory.</summary>
    /// <param name="what">What needs it, as the beginning of a sentence.</param>
    /// <param name="otherwise">Settings that need less, those that cost least first, and how much with them.</param>
    /// <exception cref="UserErrorException">There is not enough, and the check is not overridden.</exception>
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

    /// <summary>Refuses to train where there is not enough memory, and says with which settings there would be.</summary>
    /// <param name="shape">The shape of its model.</param>
    /// <param name="isFused">Whether it runs on the fused CPU kernels.</param>
    /// <param name="hasBegun">Whether it has begun, so that nothing may change its bits.</param>
    /// <returns>What it needs.</returns>
    /// <exception cref="UserErrorException">There is not enough, and the check is not overridden.</exception>
    public MemoryPlan RequireToTrain(RunConfiguration configuration, ModelOptions shape, bool isFused, bool hasBegun)
    {
        var plan = MemoryPlan.ToTrain(configuration, shape, isFused);
        Require("The run", plan, Otherwise(configuration, shape, isFused, hasBegun));
        return plan;
    }

    /// <summary>Settings with which a run needs less memory. What would change its bits is skipped where it has begun.</summary>
    internal static List<(string Settings, MemoryPlan Plan)> Otherwise(RunConfiguration configuration, ModelOptions shape, bool isFused,
        bool hasBegun)
    {
        var settings = new List<string>();
        var results = new List<(string, MemoryPlan)>();
        var lowered = configuration;
        Lower("checkpoints.snapshots", 2, static c => c.Checkpoints.Snapshots,
            static (c, n) => c with { Checkpoints = c.Checkpoints with { Snapshots = n } });
        Lower("trainers.count", 1, static c => c.Trainers.Count, static (c, n) => c with { Trainers = c.Trainers with { Count = n } });
        if (!hasBegun)
            Lower("training.micro_batch", 1, static c => c.Training.MicroBatch,
                static (c, n) => c with { Training = c.Training with { MicroBatch = n } });
        return results;

        // Each alone, and then all that are lowered so far.
        void Lower(string key, int least, Func<RunConfiguration, int> read, Func<RunConfiguration, int, RunConfiguration> write)
        {
            if (read(configuration) <= least)
                return;
            results.Add(($"--set {key}={least}", MemoryPlan.ToTrain(write(configuration, least), shape, isFused)));
            settings.Add($"--set {key}={least}");
            lowered = write(lowered, least);
            if (settings.Count > 1)
                results.Add((string.Join(' ', settings), MemoryPlan.ToTrain(lowered, shape, isFused)));
        }
    }

    private static AvailableMemory? Ask() =>
        AvailableMemory.Read() is { } beside ? beside with { Bytes = Math.Min(beside.Of, beside.Bytes + Environment.WorkingSet) } : null;
}
