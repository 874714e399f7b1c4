using System.Collections.Concurrent;
using System.Diagnostics;
using ActorTrain.Actors.Protocol;
using ActorTrain.Chaos.Tests.World;
using ActorTrain.Models.Storage;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Chaos.Tests.Schedules;

/// <summary>Breaks the actors of one part of a run as its schedule has it, and remembers what it did.</summary>
internal sealed class ChaosInjector(RandomSchedule schedule, int life) : IFaultInjector
{
    private const int Remembered = 120;
    private const int FailuresAtEnd = 4;

    // Longer than anything waits for a message, shorter than anybody waits for a run. Nobody takes over from an actor that hangs so.
    private static readonly TimeSpan ComesBackAfter = TimeSpan.FromMilliseconds(100);

    private static readonly FaultTarget GivingUpTrainer = new(FaultTarget.Trainers, nameof(AbandonTrainer));
    private static readonly FaultTarget GivingUpWorker = new(FaultTarget.Supervisor, nameof(WorkerLost));

    private readonly object gate = new();
    private readonly Dictionary<FaultTarget, int> seen = [];
    private readonly Dictionary<(string Role, FlatPlace Place), int> rested = [];
    private readonly Queue<string> last = [];
    private readonly List<(FaultTarget Target, Fault Fault)> fired = [];
    private readonly HashSet<string> ruled = [];
    private readonly DecisionRecord decisions = new();
    private readonly ConcurrentDictionary<Thread, bool> threads = new();
    private int flips;
    private int messages;
    private int storms;
    private int hangs;
    private int writes;
    private int reports;
    private bool isOver;
    private int failuresAtEnd;

    /// <summary>Called once, on some actor's thread, when so many messages have come as the schedule says for this part.</summary>
    public Action<Cut>? OnCut { get; init; }

    /// <summary>What was decided, and has to be in the journal.</summary>
    public DecisionRecord Decisions => decisions;

    /// <summary>Threads that trainers, checkpointers, workers and ledgers had.</summary>
    public ICollection<Thread> Threads => threads.Keys;

    /// <summary>The faults so far.</summary>
    public IReadOnlyList<(FaultTarget Target, Fault Fault)> Fired
    {
        get
        {
            lock (gate)
                return [.. fired];
        }
    }

    public Fault Choose(string actor, object message)
    {
        var role = FaultTarget.RoleOf(actor);

        // What Akka.Persistence says to it is part of the database, which fails in its own way.
        if (role == FaultTarget.Journal && message is not RecordDecision)
            return Fault.None;
        var target = new FaultTarget(role, message.GetType().Name);
        if (role is FaultTarget.Trainer or FaultTarget.Checkpointer or FaultTarget.Ledger || target.IsWorker)
            threads[Thread.CurrentThread] = true;
        if (role == FaultTarget.Supervisor && message is JournalRecovered recovered)
            decisions.Recovered(recovered.Events);
        else if (role == FaultTarget.Journal && message is RecordDecision record)
            decisions.Decided(record);
        var fault = Choose(target, actor);

        // Of these two the one that comes last lets the run end.
        if (!schedule.FailsAtEnd || role != FaultTarget.Supervisor || message is not (Recorded or Published) || !decisions.HasEnded
            || failuresAtEnd++ >= FailuresAtEnd)
            return fault;
        lock (gate)
            fired.Add((target, Fault.ThrowAfter));
        return Fault.ThrowAfter;
    }

    public void Touch(string actor, long atStep, FlipTarget memory)
    {
        lock (gate)
        {
            var place = (FaultTarget.RoleOf(actor), memory.Place);
            var occurrence = rested[place] = rested.GetValueOrDefault(place, -1) + 1;
            if (isOver || !schedule.Flips.Any(flip => (flip.Role, flip.Place) == place && flip.Occurrence == occurrence))
                return;
            var bit = (long)(Chance(new FaultTarget("memory", memory.Place.ToString()), occurrence) * memory.Bits);
            memory.Flip(bit);
            flips++;
            Remember($"memory: bit {bit} of the {memory.Place} flips");
        }
    }

    /// <summary>Bits that flipped.</summary>
    public int Flips
    {
        get
        {
            lock (gate)
                return flips;
        }
    }

    public Fault ChooseCall(string actor, string method) => Choose(new FaultTarget(FaultTarget.DeviceOf(actor), method), actor) switch
    {
        Fault.ThrowAfter => Fault.ThrowAfter,
        Fault.Throw => Fault.Throw,
        _ => Fault.None,
    };

    public WorkerReport Answer(string worker, long atStep, WorkerReport report)
    {
        lock (gate)
        {
            if (isOver || schedule is not { Wrong: { } wrong, Training: ChaosPolicy policy } || report is not RolloutDone done
                || !wrong.CanBe(done, policy.Schedule) || reports++ != wrong.Occurrence)
                return report;
            Remember($"{worker}: reports {done} with another {wrong.Part}");
            return wrong.Of(done);
        }
    }

    public void Hang(string actor)
    {
        var target = new FaultTarget(FaultTarget.RoleOf(actor), "");
        lock (gate)
        {
            // One that a rule hangs comes back when it is given up and some time has gone by, others when they like.
            var isGivenUp = !ruled.Remove(actor) || !(target.Role == FaultTarget.Trainer || target.IsWorker);
            var givingUp = target.IsWorker ? GivingUpWorker : GivingUpTrainer;
            var (before, pause) = (seen.GetValueOrDefault(givingUp), 5 + (int)(Chance(target, messages) * 150));
            var until = messages + pause;
            var since = Stopwatch.StartNew();
            hangs++;
            while (!isOver && (!isGivenUp || messages < until))
            {
                if (!isGivenUp && seen.GetValueOrDefault(givingUp) > before)
                {
                    (isGivenUp, until) = (true, messages + pause);
                    continue;
                }

                var rest = ComesBackAfter - since.Elapsed;
                if (target.IsReplacedWhenItHangs)
                    Monitor.Wait(gate);
                else if (rest <= TimeSpan.Zero || !Monitor.Wait(gate, rest))
                    break;
            }

            hangs--;
        }
    }

    /// <summary>What the database does with the next request. It answers at first: a run that finds none does not begin.</summary>
    public JournalFault ChooseWrite()
    {
        lock (gate)
        {
            var target = new FaultTarget("database", "");
            var number = writes++;
            if (isOver || !decisions.HasBegun || storms >= schedule.StormFaults || Chance(target, number) >= schedule.JournalStorm)
                return JournalFault.None;
            storms++;
            var fault = (JournalFault)(1 + (number + schedule.Seed) % 3);
            Remember($"database: {fault}");
            return fault;
        }
    }

    /// <summary>Ends all faults: what hangs comes back.</summary>
    public void Release()
    {
        lock (gate)
        {
            isOver = true;
            Monitor.PulseAll(gate);
        }
    }

    /// <summary>The last messages, and all faults.</summary>
    public string Describe()
    {
        lock (gate)
            return $"{messages} messages, {hangs} actors hang; faults: "
                + $"{string.Join(' ', fired.Select(static one => $"{one.Target}:{one.Fault}"))}\n  {string.Join("\n  ", last)}";
    }

    private Fault Choose(FaultTarget target, string actor)
    {
        Cut? cut = null;
        Fault fault;
        lock (gate)
        {
            if (hangs > 0)
                Monitor.PulseAll(gate);
            var number = seen.GetValueOrDefault(target);
            seen[target] = number + 1;
            messages++;
            if (life < schedule.Cuts.Count && schedule.Cuts[life] is { How: not Cut.Stop } next && next.At == messages)
                cut = next.How;
            fault = isOver ? Fault.None : Choose(target, number, actor);
            if (fault != Fault.None)
                fired.Add((target, fault));
            Remember($"{actor} {target.Kind}{(fault == Fault.None ? "" : $": {fault}")}");
        }

        if (cut is { } how)
            OnCut?.Invoke(how);
        return fault;
    }

    private Fault Choose(FaultTarget target, int number, string actor)
    {
        // Parts after the first begin the rules anew where they were not reached; a run of two parts meets each at most twice.
        if (schedule.Rules.FirstOrDefault(rule => rule.Target == target && rule.Occurrence == number) is { } rule)
        {
            if (rule.Fault == Fault.Hang)
                ruled.Add(actor);
            return rule.Fault;
        }

        // The supervisor gets as many messages as all others together.
        var chance = Chance(target, number) * (target.Role == FaultTarget.Supervisor ? 6 : 1);
        if (storms >= schedule.StormFaults || chance >= schedule.Storm)
            return Fault.None;
        storms++;
        var fault = (Fault)(1 + (int)(Chance(target, ~number) * 6));
        return fault is Fault.Drop or Fault.Defer && !target.CanBeLost ? Fault.Throw : fault;
    }

    // From 0 to 1, by seed, part, target and number alone.
    private double Chance(FaultTarget target, int number) =>
        (ActorTrain.Chaos.Chance.Of((ulong)schedule.Seed, $"{life}/{target}/{number}") >> 11) * (1.0 / (1UL << 53));

    private void Remember(string what)
    {
        last.Enqueue(what);
        if (last.Count > Remembered)
            last.Dequeue();
    }
}

/// <summary>Sees what the run decides, to be held against what its journal says in the end.</summary>
internal sealed class DecisionRecord
{
    private readonly object gate = new();
    private readonly SortedDictionary<long, RunEvent> decided = [];
    private IReadOnlyList<RunEvent> before = [];
    private bool begins = true;

    /// <summary>Whether the supervisor has the journal.</summary>
    public bool HasBegun { get; private set; }

    /// <summary>Whether the run's end is decided.</summary>
    public bool HasEnded
    {
        get
        {
            lock (gate)
                return decided.Values.LastOrDefault() is RunFinished;
        }
    }

    /// <summary>The supervisor of the run failed: what it decided and was not yet durable died with it.</summary>
    public void SupervisorFailed()
    {
        lock (gate)
            begins = true;
    }

    /// <summary>The supervisor was told what was decided before.</summary>
    public void Recovered(IReadOnlyList<RunEvent> events)
    {
        lock (gate)
        {
            if (!begins)
                return;
            (begins, HasBegun) = (false, true);
            before = [.. events];
            decided.Clear();
        }
    }

    /// <summary>A decision came to the journal; any number of times, in any order.</summary>
    public void Decided(RecordDecision decision)
    {
        lock (gate)
            decided[decision.Number] = decision.Event;
    }

    /// <summary>What the journal holds if no decision was lost.</summary>
    public IReadOnlyList<RunEvent> All
    {
        get
        {
            lock (gate)
                return [.. before, .. decided.Values];
        }
    }
}
