using ActorTrain.Actors.PostTraining;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Tests.Simulation;
using ActorTrain.Models;
using ActorTrain.Models.Rollouts;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Tests.PostTraining;

/// <summary>Stands for the actors around <see cref="RolloutsLogic"/>: its supervisor, workers and ledger.</summary>
internal sealed class SimulatedRollouts
{
    private readonly SimulatedWorld world;
    private readonly SimulatedNetwork network;
    private readonly RolloutsOptions options;
    private readonly Action<IRunInput> report;
    private readonly Dictionary<ActorId, SimulatedWorker> workers = [];
    private readonly Dictionary<ActorId, HashSet<(long Position, int Sample, int Attempt)>> owed = [];
    private RolloutsLogic logic;
    private DateTimeOffset? wakesAt;
    private int lives;

    public SimulatedRollouts(SimulatedWorld world, SimulatedNetwork network, RolloutsOptions options, Action<IRunInput> report)
    {
        (this.world, this.network, this.options, this.report) = (world, network, options, report);
        logic = new RolloutsLogic(options);
        network.After(TimeSpan.Zero, () => Do(logic.Begin(world.Time.Now)));
    }

    /// <summary>What its workers were found to be.</summary>
    public IEnumerable<ActorId> Workers => workers.Keys;

    public void Handle(PrepareExperience asked)
    {
        if (world.Fate.Chance(world.Fate.Weather.OthersCrash))
            Replace();
        else
            Do(logic.Handle(asked, world.Time.Now));
    }

    // All end with the supervisor, those that hang too.
    private void Replace()
    {
        foreach (var worker in workers.Values)
            worker.IsAbandoned = true;
        workers.Clear();
        owed.Clear();
        lives++;
        (logic, wakesAt) = (new RolloutsLogic(options), null);
        report(new ActorFailed(new ActorId(ActorRole.Rollouts), "It was made to fail."));
        Do(logic.Begin(world.Time.Now));
    }

    // What was on its way to a former life does not reach this one.
    private Action InThisLife(Func<IReadOnlyList<RolloutsEffect>> handle)
    {
        var life = lives;
        return () =>
        {
            if (life == lives)
                Do(handle());
        };
    }

    private void Do(IReadOnlyList<RolloutsEffect> effects)
    {
        foreach (var effect in effects)
        {
            switch (effect)
            {
                case SpawnWorker(var worker):
                    workers.Add(worker, new SimulatedWorker(worker, world, network, Hear, End));
                    owed[worker] = [];
                    break;
                case StopWorker(var worker) when workers.Remove(worker, out var stopped):
                    stopped.IsAbandoned = true;
                    break;
                case TellWorker(var worker, var command):
                    Tell(worker, command);
                    break;
                case TellLedger(var command):
                    network.Send(() => Answer(command));
                    break;
                case HandOver(var step, var experience):
                    world.Invariants.CheckExperience(step, experience);
                    world.Experiences.Put(experience);
                    break;
                case TellRunOf(var said):
                    report(said);
                    break;
            }
        }

        if (logic.NextTick is not { } next || next == wakesAt)
            return;
        wakesAt = next;
        network.After(next - world.Time.Now > TimeSpan.Zero ? next - world.Time.Now : TimeSpan.Zero, InThisLife(() => logic.Tick(world.Time.Now)));
    }

    private void Tell(ActorId worker, WorkerCommand command)
    {
        if (!workers.TryGetValue(worker, out var told))
            return;
        switch (command)
        {
            case GenerateRollouts order:
                owed[worker].UnionWith(order.Samples.Select(sample => (order.Position, sample, order.Attempt)));
                break;
            case ForgetRollouts:
                owed[worker].Clear();
                break;
        }

        // A little more than what its slots need, and it is no queue of orders that were repeated without end. Work that another has done
        // meanwhile is forgotten later: with a lag, where rollouts that were found wrong are sampled twice, and where the answer of one who
        // died arrives after its work was given away.
        var most = (world.Schedule.Ahead + 1) * ((2 * options.Rollouts.Slots) + options.Rollouts.Samples);
        if (owed[worker].Count > most || told.Waiting > 500)
            throw new InvariantException($"{worker} owes {owed[worker].Count} rollouts of at most {most}, and has {told.Waiting} messages: {string.Join(" ", owed[worker])}");
        network.Send(() => told.Tell(command));
    }

    private void Hear(WorkerReport said)
    {
        if (said is RolloutDone done && owed.TryGetValue(said.Worker, out var left))
            left.Remove((done.Position, done.Sample, done.Attempt));
        var life = lives;
        network.Send(() =>
        {
            if (life == lives)
                Do(logic.Handle(said, world.Time.Now));
        });
    }

    private void End(ActorId worker, string reason)
    {
        if (workers.Remove(worker))
            Do(logic.Ended(worker, reason, forMemory: false, world.Time.Now));
    }

    // A file is replaced as a whole, or not at all.
    private void Answer(LedgerCommand command)
    {
        var weather = world.Fate.Weather;
        LedgerReport said = command switch
        {
            KeepRollouts keep when world.Fate.Chance(weather.LedgerFails) => new LedgerFailed(keep.Number, "The disk is full."),
            KeepRollouts keep => Keep(keep),
            ReadRollouts read => new RolloutsRead(read.Number, world.Ledger.GetValueOrDefault(read.Step)),
            _ => throw new InvariantException($"The ledger does not know {command}."),
        };
        network.After(world.Fate.Milliseconds(1, 300), () => network.Send(InThisLife(() => logic.Handle(said, world.Time.Now))));

        RolloutsKept Keep(KeepRollouts keep)
        {
            world.Ledger[keep.Rollouts.Step] = keep.Rollouts;
            return new RolloutsKept(keep.Number);
        }
    }
}
