using ActorTrain.Actors.PostTraining;
using ActorTrain.Chaos.Tests.Schedules;
using ActorTrain.Data.Plan;
using ActorTrain.Models.Batches;
using ActorTrain.Models.Rollouts;
using ActorTrain.Models.Runtime;
using ActorTrain.Models.Steps;
using ActorTrain.Models.Storage;
using ActorTrain.Persistence.Checkpoints;

namespace ActorTrain.Chaos.Tests.World;

/// <summary>What the bare loop comes to: one process, one thread, no actors.</summary>
/// <param name="State">Hash of weights and moments after the last step.</param>
/// <param name="Steps">Loss and gradient norm of each step, from the first.</param>
/// <param name="Validation">Held-out loss after so many updates, from none; empty if nothing is held out.</param>
internal sealed record Undisturbed(ulong State, IReadOnlyList<(double Loss, double Norm)> Steps, IReadOnlyList<double> Validation)
{
    /// <summary>The rollouts of each step; empty without any.</summary>
    public IReadOnlyList<StepRollouts> Rollouts { get; init; } = [];
}

/// <summary>What one process of a run reads and, with rollouts, samples.</summary>
internal sealed record ChaosData(Func<IEnumerable<PlannedSample>, IEnumerable<TokenBatch>> Samples)
{
    /// <summary>Null: each row is a target.</summary>
    public Func<IEnumerable<PlannedSample>, long>? Targets { get; init; }

    /// <summary>Null: nothing is held out.</summary>
    public Func<IEnumerable<TokenBatch>>? Validation { get; init; }

    public IReadOnlyList<int> ByteCounts { get; init; } = [];

    /// <summary>Null: the first weights are random.</summary>
    public BaseWeights? Base { get; init; }

    /// <summary>Null: there are no rollouts.</summary>
    public RolloutsRun? Rollouts { get; init; }
}

/// <summary>Training so small that a step takes milliseconds.</summary>
internal abstract class ChaosTraining
{
    private readonly Lazy<Undisturbed> undisturbed;

    protected ChaosTraining(string name, ReplicaOptions replica, BatchPlan plan)
    {
        (Name, Replica, Plan, Layout) = (name, replica, plan, ModelLayout.Of(replica.Model));
        undisturbed = new Lazy<Undisturbed>(BareLoop);
    }

    public string Name { get; }

    public ReplicaOptions Replica { get; }

    public BatchPlan Plan { get; }

    public FlatLayout Layout { get; }

    public int Steps => (int)Replica.Schedule.Steps;

    public abstract long TokensPerStep { get; }

    public Undisturbed Undisturbed => undisturbed.Value;

    /// <summary>What a process of a run works with.</summary>
    /// <param name="place">Where the run is kept.</param>
    public abstract ChaosData Open(ChaosPlace place, RandomSchedule schedule);

    /// <summary>What has to hold of a finished run beyond what has to hold of every one.</summary>
    /// <param name="damaged">Steps whose rollouts were damaged behind the run's back.</param>
    public virtual void Check(ChaosPlace place, RandomSchedule schedule, IReadOnlySet<long> damaged)
    {
    }

    protected abstract Undisturbed BareLoop();

    /// <summary>Computes on a thread of its own, as trainers and workers do.</summary>
    protected static T Alone<T>(Func<T> compute)
    {
        var result = default(T);
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            ComputeThreads.Set(1);
            try
            {
                result = compute();
            }
            catch (Exception exception)
            {
                failure = exception;
            }
        });
        thread.Start();
        thread.WaitToEnd();
        return failure is null ? result! : throw new InvalidOperationException(failure.Message, failure);
    }
}
