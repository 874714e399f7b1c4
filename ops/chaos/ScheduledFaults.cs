using System.Diagnostics;
using System.Globalization;
using ActorTrain.Actors.Protocol;
using ActorTrain.Models.Storage;
using static TorchSharp.torch;

namespace ActorTrain.Chaos;

/// <summary>Injects the faults of a schedule into a training process: each once, at the first message or vector of its actor that belongs
/// to its step or a later one, so that a schedule is reproducible.</summary>
public sealed class ScheduledFaults : IFaultInjector, IDisposable
{
    // Pause after a fault that takes resources from others, before the next one.
    private static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Jump = TimeSpan.FromHours(1);

    // Bits of a float32's mantissa.
    private const int Mantissa = 23;

    private readonly Lock gate = new();
    private readonly List<ChaosFault> pending;
    private readonly Dictionary<string, double> hangs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> slowUntil = new(StringComparer.Ordinal);
    private readonly ManualResetEventSlim over = new();
    private readonly ChaosLog log;
    private readonly DateTimeOffset begun;
    private readonly ChaosMachine machine;
    private long quietUntil;
    private object? ballast;

    /// <summary>Continues a schedule after earlier processes of the run.</summary>
    public ScheduledFaults(ChaosOrders orders, ChaosLog log, ChaosMachine machine)
    {
        (this.log, this.machine) = (log, machine);
        begun = orders.Begun;
        var fired = log.Read().Select(static one => one.Fault).ToHashSet();
        pending = [.. orders.Faults.Where(fault => !fired.Contains(fault.Number)).OrderBy(static fault => fault.Step ?? 0)
            .ThenBy(static fault => fault.After ?? 0)];
    }

    public Fault Choose(string actor, object message)
    {
        if (MessageStep.Of(message) is not { } step)
            return Fault.None;
        if (message is JudgeStep)
            AwaitQuiet(step);
        ChaosFault? fault;
        lock (gate)
        {
            fault = Take(step, actor,
                static kind => kind.Effect is not (FaultEffect.Slow or FaultEffect.Flip or FaultEffect.NotANumber or FaultEffect.Poison
                    or FaultEffect.Misreport));
            if (fault is not null && ChaosKinds.ByName[fault.Kind].Effect == FaultEffect.Hang)
                hangs[actor] = fault.Seconds;
        }

        return fault is null ? Fault.None : Strike(fault, ChaosKinds.ByName[fault.Kind], actor, step, message);
    }

    public void Hang(string actor)
    {
        double seconds;
        lock (gate)
            hangs.Remove(actor, out seconds);
        over.Wait(TimeSpan.FromSeconds(seconds));
    }

    public void Touch(string actor, long atStep, FlipTarget memory)
    {
        ChaosFault? fault;
        lock (gate)
            fault = Take(atStep, actor, kind => kind.Effect == FaultEffect.Flip && kind.Places.Contains(memory.Place),
                fault => Chooses(fault, memory.Place));
        if (fault is null)
            return;
        var bit = fault.Bit % memory.Bits;
        Note(fault, actor, atStep, $"bit {bit % 32} of element {bit / 32} of its {InWords(memory.Place)} was flipped");
        memory.Flip(bit);
    }

    public void Spoil(string actor, long atStep, Tensor gradient)
    {
        ChaosFault? fault;
        lock (gate)
            fault = Take(atStep, actor, static kind => kind.Effect == FaultEffect.NotANumber);
        if (fault is null)
            return;
        var at = fault.Bit % gradient.numel();
        Note(fault, actor, atStep, $"element {at} of its gradient became NaN");
        using var _ = no_grad();
        using var element = gradient.narrow(0, at, 1);
        element.fill_(float.NaN);
    }

    public void Slow(string actor, long atStep, TimeSpan spent)
    {
        ChaosFault? fault;
        bool isSlow;
        lock (gate)
        {
            fault = Take(atStep, actor, static kind => kind.Effect == FaultEffect.Slow);
            if (fault is not null)
                slowUntil[actor] = Stopwatch.GetTimestamp() + Ticks(fault.Seconds);
            isSlow = slowUntil.TryGetValue(actor, out var until) && Stopwatch.GetTimestamp() < until;
        }

        if (fault is not null)
            Note(fault, actor, atStep,
                string.Create(CultureInfo.InvariantCulture, $"it was slowed down three times for {fault.Seconds} s"));
        if (isSlow)
            over.Wait(2 * spent);
    }

    public WorkerReport Answer(string worker, long atStep, WorkerReport report)
    {
        if (report is not RolloutDone { Rollout: var rollout } done)
            return report;
        ChaosFault? fault;
        lock (gate)
            fault = Take(atStep, worker, static kind => kind.Effect == FaultEffect.Misreport);
        if (fault is null)
            return report;
        var (token, bit) = ((int)(fault.Bit / Mantissa % rollout.Ids.Count), (int)(fault.Bit % Mantissa));
        Note(fault, worker, atStep, $"it reported bit {bit} of the log-probability of token {token} of a rollout wrong");
        float[] reported = [.. rollout.LogProbabilities];
        reported[token] = BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits(reported[token]) ^ (1 << bit));
        return done with { Rollout = rollout with { LogProbabilities = [.. reported] } };
    }

    /// <summary>The fault that poisons a position of the sample stream, whether or not it was read before.</summary>
    public static ChaosFault? PoisonOf(IReadOnlyList<ChaosFault> faults, long position) =>
        faults.FirstOrDefault(fault => fault.IsPoisoned(position, position + 1));

    public void Poisoned(ChaosFault fault)
    {
        lock (gate)
        {
            if (!pending.Remove(fault))
                return;
        }

        Note(fault, "data", fault.Step ?? 0,
            $"positions {fault.FirstPosition}–{fault.FirstPosition + fault.Positions - 1} of the sample stream were random tokens");
    }

    public void Dispose()
    {
        over.Set();
        GC.KeepAlive(ballast);
    }

    // Both moments are stored at the same time.
    private static bool Chooses(ChaosFault fault, FlatPlace place) => place switch
    {
        FlatPlace.FirstMoment => fault.Bit / 32 % 2 == 0,
        FlatPlace.SecondMoment => fault.Bit / 32 % 2 == 1,
        _ => true,
    };

    // Of several that are due, the earliest is taken, one at a time.
    private ChaosFault? Take(long step, string actor, Func<ChaosKind, bool> suits, Func<ChaosFault, bool>? also = null)
    {
        if (pending.Count == 0 || Stopwatch.GetTimestamp() < Interlocked.Read(ref quietUntil))
            return null;
        var elapsed = (DateTimeOffset.UtcNow - begun).TotalSeconds;
        var found = pending.Find(fault =>
            (fault.Step is { } at ? step >= at : elapsed >= fault.After)
            && (fault.AppliesTo(actor) || fault.MayApplyTo(actor, step) || IsForNode(fault, actor)) && suits(ChaosKinds.ByName[fault.Kind])
                && also?.Invoke(fault) != false);
        if (found is not null)
            pending.Remove(found);
        return found;
    }

    // Nodes live in other processes: what hits them comes with a message to an actor here.
    private bool IsForNode(ChaosFault fault, string actor) => ChaosKinds.ByName[fault.Kind].Role == ChaosKind.Node
        && actor.Split('-')[0] == ChaosKind.Spikes && machine.ProcessOf(fault.Actor) is not null;

    // Every step is judged, so the run can be blocked here until the fault is over and the next may be applied.
    private void AwaitQuiet(long step)
    {
        lock (gate)
        {
            if (!pending.Exists(fault => fault.Step <= step))
                return;
        }

        var left = Interlocked.Read(ref quietUntil) - Stopwatch.GetTimestamp();
        if (left > 0)
            over.Wait(TimeSpan.FromSeconds((double)left / Stopwatch.Frequency));
    }

    private Fault Strike(ChaosFault fault, ChaosKind kind, string actor, long step, object message)
    {
        var name = message.GetType().Name;
        switch (kind.Effect)
        {
            case FaultEffect.Throw:
                Note(fault, actor, step, $"it threw before it handled {name}");
                return Fault.Throw;
            case FaultEffect.Hang:
                Note(fault, actor, step,
                    string.Create(CultureInfo.InvariantCulture, $"it hung at {name} for {fault.Seconds} s, or until the run ended"));
                return Fault.Hang;
            case FaultEffect.Drop:
                Note(fault, actor, step, $"{name} was lost");
                return Fault.Drop;
            case FaultEffect.Duplicate:
                Note(fault, actor, step, $"{name} came twice");
                return Fault.Duplicate;
            case FaultEffect.Defer:
                Note(fault, actor, step, $"{name} was overtaken");
                return Fault.Defer;
            case FaultEffect.Kill:
                Note(fault, "process", step, "it was killed by signal 9");
                MachineFaults.Kill();
                return Fault.None;
            case FaultEffect.Tear:
                Note(fault, "process", step, "it was killed by signal 9, and the newest checkpoint truncated");
                MachineFaults.Kill();
                return Fault.None;
            case FaultEffect.TearLedger:
                Note(fault, "process", step, "it was killed by signal 9, and the newest file of rollouts truncated");
                MachineFaults.Kill();
                return Fault.None;
            case FaultEffect.FillDisk:
                var room = machine.RoomOnDisk();
                Note(fault, "process", step,
                    string.Create(CultureInfo.InvariantCulture, $"no file could grow beyond {room:N0} bytes for {fault.Seconds} s"));
                During(fault.Seconds, full => MachineFaults.LimitFiles(full ? room : null));
                return Fault.None;
            case FaultEffect.TakeDatabase:
                Note(fault, "database", step, string.Create(CultureInfo.InvariantCulture, $"it took no decision for {fault.Seconds} s"));
                During(fault.Seconds, machine.SetDatabaseAway);
                return Fault.None;
            case FaultEffect.JumpClock:
                Note(fault, "process", step,
                    string.Create(CultureInfo.InvariantCulture, $"its clock was an hour ahead for {fault.Seconds} s"));
                During(fault.Seconds, static on => JumpingScheduler.Offset = on ? Jump : TimeSpan.Zero);
                return Fault.None;
            case FaultEffect.PressMemory:
                Note(fault, "process", step,
                    string.Create(CultureInfo.InvariantCulture, $"nine tenths of its managed memory were taken for {fault.Seconds} s"));
                During(fault.Seconds, on => ballast = on ? MachineFaults.TakeMemory() : null);
                return Fault.None;
            case FaultEffect.CutNodes:
                Note(fault, "data plane", step, string.Create(CultureInfo.InvariantCulture, $"it was cut for {fault.Seconds} s"));
                During(fault.Seconds, machine.SetNodesAway);
                return Fault.None;
            case FaultEffect.KillNode or FaultEffect.StopNode or FaultEffect.EndNode:
                Strike(fault, kind.Effect, step, machine.ProcessOf(fault.Actor));
                return Fault.None;
            default:
                throw new InvalidOperationException($"{kind.Name} does not come with a message.");
        }
    }

    private void Strike(ChaosFault fault, FaultEffect effect, long step, int? node)
    {
        // It may have ended since it was chosen.
        if (node is not { } process)
        {
            Note(fault, fault.Actor, step, "its process had just ended");
            return;
        }

        switch (effect)
        {
            case FaultEffect.KillNode:
                Note(fault, fault.Actor, step, $"its process {process} was killed by signal 9");
                MachineFaults.Kill(process);
                break;
            case FaultEffect.EndNode:
                Note(fault, fault.Actor, step, $"its process {process} was asked to end");
                MachineFaults.AskToEnd(process);
                break;
            case FaultEffect.StopNode:
                Note(fault, fault.Actor, step,
                    string.Create(CultureInfo.InvariantCulture, $"its process {process} was stopped for {fault.Seconds} s"));
                During(fault.Seconds, isStopped => MachineFaults.SetStopped(process, isStopped));
                break;
        }
    }

    // No other fault meanwhile, so that the effects of faults can be distinguished.
    private void During(double seconds, Action<bool> set)
    {
        var lasting = TimeSpan.FromSeconds(seconds);
        Interlocked.Exchange(ref quietUntil, Stopwatch.GetTimestamp() + Ticks((lasting + Settle).TotalSeconds));
        set(true);
        var ending = new Thread(() =>
        {
            over.Wait(lasting);
            set(false);
        })
        { IsBackground = true };
        ending.Start();
    }

    // The run's decisions have the time of a steady clock, which is not affected by jumps either.
    private void Note(ChaosFault fault, string actor, long step, string what) =>
        log.Add(new ChaosFired(fault.Number, DateTimeOffset.UtcNow, step, actor, what));

    private static long Ticks(double seconds) => (long)(seconds * Stopwatch.Frequency);

    private static string InWords(FlatPlace place) => place switch
    {
        FlatPlace.Weights => "weights",
        FlatPlace.FirstMoment => "first moment",
        FlatPlace.SecondMoment => "second moment",
        FlatPlace.LaneGradient => "gradient",
        FlatPlace.TotalGradient => "total gradient",
        FlatPlace.PublishedWeights => "published weights",
        FlatPlace.PublishedGradient => "published sum",
        _ => "snapshot",
    };

    /// <summary>The switch of a run's database.</summary>
    /// <param name="proxy">The proxy of its PostgreSQL server; null for SQLite.</param>
    public static Action<bool> DatabaseSwitch(string database, DatabaseProxy? proxy) => away =>
    {
        if (proxy is not null)
            proxy.SetAway(away);
        else
            MachineFaults.Lock(database, away, away ? LockPatience : TimeSpan.Zero);
    };
}
