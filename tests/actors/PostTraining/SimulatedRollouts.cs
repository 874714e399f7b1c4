using ActorTrain.Actors.PostTraining;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Tests.Simulation;
using ActorTrain.Actors.Training;
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
    private readonly Dictionary<(ActorRole Role, int Number), Place> places = [];
    private int lives;
    private int lastPlace;

    public SimulatedRollouts(SimulatedWorld world, SimulatedNetwork network, RolloutsOptions options, Action<IRunInput> report)
    {
        (this.world, this.network, this.options, this.report) = (world, network, options, report);
        logic = new RolloutsLogic(options);
        network.After(TimeSpan.Zero, () => Do(logic.Begin(world.Time.Now)));
    }

    /// <summary>What its workers were found to be.</summary>
    public IEnumerable<ActorId> Workers => workers.Keys;

    public void Handle(RolloutsCommand command)
    {
        if (world.Fate.Chance(world.Fate.Weather.OthersCrash))
            Replace();
        else if (command is ResizeSamplers resize)
            Do(logic.Handle(resize, world.Time.Now));
        else
            Do(logic.Handle((PrepareExperience)command, world.Time.Now));
    }

    // All end with the supervisor, those that hang too.
    private void Replace()
    {
        foreach (var worker in workers.Values)
            worker.IsAbandoned = true;
        workers.Clear();
        owed.Clear();
        places.Clear();
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
                case SpawnWorker(var worker) spawn:
                    if (options.OnNodes.Contains(worker.Role) != spawn.Place is not null)
                        throw new InvariantException($"{worker} lives at {spawn.Place}.");
                    workers.Add(worker, new SimulatedWorker(worker, world, network, Hear, End) { Place = spawn.Place });
                    owed[worker] = [];
                    break;
                case StopWorker(var worker) when workers.Remove(worker, out var stopped):
                    stopped.IsAbandoned = true;
                    places.Remove((worker.Role, worker.Number));
                    break;
                case AskForPlace { Message: SeekPlace seek }:
                    network.Send(InThisLife(() => Find(seek)));
                    break;
                case AskForPlace { Message: ForgetPlace forget }:
                    places.Remove((forget.Role, forget.Number));
                    break;
                case AskForPlace:
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

    // The same question has the same answer, until the place is left.
    private IReadOnlyList<RolloutsEffect> Find(SeekPlace seek)
    {
        if (!places.TryGetValue((seek.Role, seek.Number), out var place))
            places.Add((seek.Role, seek.Number), place = new Place(++lastPlace, $"node-{world.Fate.Random.Next(3)}"));
        return logic.Placed(seek.Role, seek.Number, place, world.Time.Now);
    }

    // With all that live there; or one of them is to live elsewhere.
    private void LoseNode(ActorId worker, LifePlace place)
    {
        var end = world.Fate.Random.Next(3) switch { 0 => NodeEnd.Moved, 1 => NodeEnd.Left, _ => NodeEnd.Lost };
        foreach (var (id, lost) in workers.Where(one => end == NodeEnd.Moved ? one.Key == worker : one.Value.Place?.Node == place.Node).ToList())
        {
            lost.IsAbandoned = true;
            workers.Remove(id);
            places.Remove((id.Role, id.Number));
            network.After(TimeSpan.Zero, InThisLife(() => logic.Ended(id, new LifeFailure("Its node ended.") { Node = end }, world.Time.Now)));
        }
    }

    private void Tell(ActorId worker, WorkerCommand command)
    {
        if (!workers.TryGetValue(worker, out var told))
            return;
        if (told.Place is { } place && world.Fate.Chance(world.Fate.Weather.NodeLost))
        {
            LoseNode(worker, place);
            return;
        }

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
        if (!workers.Remove(worker))
            return;
        places.Remove((worker.Role, worker.Number));
        Do(logic.Ended(worker, new LifeFailure(reason), world.Time.Now));
    }

    private sealed record Place(int Number, string At) : LifePlace(At);

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
