using ActorTrain.Actors.Election;
using ActorTrain.Actors.Protocol;
using ActorTrain.Models.Plan;

namespace ActorTrain.Host.Control;

/// <param name="State">A word or two.</param>
/// <param name="Restarts">Failures followed by a restart.</param>
/// <param name="Mailbox">Waiting messages; null if unknown.</param>
/// <param name="Lanes">For a trainer: lanes that it still owes.</param>
internal sealed record ActorNode(string Name, string State, int Restarts, int? Mailbox, string? Lanes, string? LastFault,
    IReadOnlyList<ActorNode> Children);

/// <param name="Paused">Whether an operator paused the run.</param>
/// <param name="Quarantined">Trainers excluded until released.</param>
/// <param name="InForce">Interventions that the current steps follow.</param>
/// <param name="Pending">Interventions for later steps.</param>
/// <param name="RateFactor">Product of the learning-rate factors in force.</param>
/// <param name="Vetoes">Updates that were vetoed.</param>
internal sealed record OverridesDocument(
    bool Paused, IReadOnlyList<int> Quarantined, IReadOnlyList<Intervention> InForce, IReadOnlyList<Intervention> Pending,
    double RateFactor, int Spikes, int Vetoes, int Rollbacks, int Corruptions)
{
    public static OverridesDocument Of(OverridesStatus overrides)
    {
        ArgumentNullException.ThrowIfNull(overrides);
        return new OverridesDocument(
            overrides.IsPaused, overrides.Quarantined, overrides.InForce, overrides.Pending, overrides.RateFactor, overrides.Spikes,
                overrides.Vetoes, overrides.Rollbacks, overrides.Corruptions);
    }
}

/// <param name="Address">Its <c>HOST:PORT</c> in cluster.control.</param>
/// <param name="State">A word or two.</param>
internal sealed record ControlProcessDocument(string Address, string State)
{
    public static ControlProcessDocument Of(ControlStatus status) => new(status.Address, status.State switch
    {
        ControlState.Joining => "joining",
        ControlState.Leading => "leading",
        ControlState.StandingBy => "standing by",
        ControlState.Leaving => "leaving",
        ControlState.Unreachable => "unreachable",
        _ => throw new ArgumentOutOfRangeException(nameof(status)),
    });
}

/// <summary>The status of a run, for users and programs; without a process there is no actor tree.</summary>
/// <param name="State"><c>running</c>, or how the last process left it.</param>
/// <param name="Step">Updates so far.</param>
/// <param name="Steps">Updates in all; null if neither journal nor configuration has it.</param>
/// <param name="JournalWaiting">Decisions that are not yet durable.</param>
/// <param name="Checkpoint">Step of the newest intact checkpoint, or null.</param>
/// <param name="Notes">How the last process ended and what will be redone, in sentences.</param>
internal sealed record StatusDocument(
    string Run, string State, long Step, long? Steps, long Generation, int JournalWaiting, long? Checkpoint,
    IReadOnlyList<string> Notes, ActorNode? Tree)
{
    /// <summary>Of the process that trains the run, or of the one that wrote the newest checkpoint; null if there was none.</summary>
    public long? Term { get; init; }

    /// <summary>Who trains the run, such as "process 12 on alpha"; null if nobody does.</summary>
    public string? Leader { get; init; }

    /// <summary>The processes that may lead the run, the one that does first; empty if there are no others.</summary>
    public IReadOnlyList<ControlProcessDocument> Control { get; init; } = [];

    /// <summary>Null if unknown.</summary>
    public OverridesDocument? Overrides { get; init; }

    public static StatusDocument Of(string run, RunStatus status, long? checkpoint)
    {
        ArgumentNullException.ThrowIfNull(status);
        var faults = status.Faults.ToDictionary(static fault => fault.Actor.ToString(), StringComparer.Ordinal);
        var others = status.Actors.Select(static actor => actor.Name).Concat(faults.Keys).Distinct()
            .Where(static name => name is not (Root or Trainers)).Order(NumberedNames)
            .Select(name => Node(name, [])).ToArray();
        var trainers = status.Trainers.Select(static trainer => new ActorNode(
            trainer.Trainer.ToString(), InWords(trainer), trainer.Faults, trainer.Mailbox, trainer.Lanes.Length > 0
                ? trainer.Lanes : null, trainer.LastFault, [])).ToArray();
        var below = Node(Trainers, trainers);
        if (status.WantedTrainers > 0)
            below = below with { State = $"target {status.WantedTrainers}" };
        var tree = Node(Root, [below, .. others]) with { State = InWords(status.Phase) };
        return new StatusDocument(run, "running", status.Step, status.Steps, status.Generation, status.JournalWaiting, checkpoint, [], tree)
        {
            Term = status.Term > 0 ? status.Term : null,
            Overrides = status.Overrides is null ? null : OverridesDocument.Of(status.Overrides),
        };

        ActorNode Node(string name, IReadOnlyList<ActorNode> children)
        {
            var seen = status.Actors.FirstOrDefault(actor => actor.Name == name);
            var (_, count, reason) = faults.GetValueOrDefault(name);
            return new ActorNode(name, seen?.State ?? "", count, seen?.Mailbox, null, reason, children);
        }
    }

    private const string Root = "run";
    private const string Trainers = "trainers";

    // reducer-10 sorts after reducer-9.
    private static readonly Comparer<string> NumberedNames = Comparer<string>.Create(static (left, right) =>
        left.Length != right.Length && left.Split('-')[0] == right.Split('-')[0] ? left.Length.CompareTo(right.Length)
            : string.CompareOrdinal(left, right));

    /// <summary>States in which a run takes no steps until something outside of it changes.</summary>
    public static IReadOnlySet<string> HeldUp { get; } =
        new HashSet<string> { InWords(RunPhase.Paused), InWords(RunPhase.WaitingForDatabase), InWords(RunPhase.WaitingForMetrics),
            InWords(RunPhase.WaitingForJudge) };

    /// <summary>States that do not heal by themselves.</summary>
    public static IReadOnlySet<string> Failed { get; } =
        new HashSet<string> { InWords(RunPhase.Failing), InWords(TrainerStanding.GivenUp) };

    internal static string InWords(RunPhase phase) => phase switch
    {
        RunPhase.ReadingJournal => "reading the journal",
        RunPhase.Training => "training",
        RunPhase.Generating => "generating",
        RunPhase.WaitingForJudge => "waiting for the judge",
        RunPhase.Reducing => "reducing",
        RunPhase.WaitingForTrainer => "waiting for a trainer",
        RunPhase.Paused => "paused by an operator",
        RunPhase.WaitingForDatabase => "paused: database unavailable",
        RunPhase.WaitingForMetrics => "paused: metrics file too slow",
        RunPhase.Finishing => "finishing",
        RunPhase.Stopping => "stopping",
        RunPhase.Failing => "failing",
        RunPhase.Ended => "ended",
        _ => throw new ArgumentOutOfRangeException(nameof(phase)),
    };

    private static string InWords(TrainerStatus trainer) =>
        InWords(trainer.Standing) + (trainer.Node is { } node ? $" on {node}" : "") + (trainer.IsSlow ? ", slow" : "");

    private static string InWords(TrainerStanding standing) => standing switch
    {
        TrainerStanding.Starting => "starting",
        TrainerStanding.Unplaced => "waiting for a node",
        TrainerStanding.Joining => "joining",
        TrainerStanding.Member => "training",
        TrainerStanding.GivenUp => "given up",
        _ => throw new ArgumentOutOfRangeException(nameof(standing)),
    };
}
