using ActorTrain.Actors.PostTraining;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Tests.Simulation;
using ActorTrain.Actors.Training;
using ActorTrain.Models;
using ActorTrain.Models.Rollouts;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Tests.PostTraining;

/// <summary>How a worker that computes wrongly does so, in all its lives.</summary>
internal enum WrongBits
{
    /// <summary>Each of its rollouts or judgements is another one, always the same.</summary>
    Always,

    /// <summary>Some of them are, each time another one.</summary>
    Sometimes,

    /// <summary>It samples with other weights, and says so.</summary>
    Weights,
}

/// <summary>Stands for the actor around <see cref="WorkerLogic"/>: a mailbox, one message at a time, and the end that a worker may come to
/// with each.</summary>
internal sealed class SimulatedWorker
{
    private readonly SimulatedWorld world;
    private readonly SimulatedNetwork network;
    private readonly Action<ActorId, string> end;
    private readonly WorkerLogic logic;
    private readonly Queue<(WorkerCommand? Command, long Work)> mailbox = [];
    private long workNumber;
    private bool isBusy;

    public SimulatedWorker(
        ActorId id, SimulatedWorld world, SimulatedNetwork network, Action<WorkerReport> tell, Action<ActorId, string> end)
    {
        (Id, this.world, this.network, this.end) = (id, world, network, end);
        logic = new WorkerLogic(id, new Device(id, world), tell);
    }

    public ActorId Id { get; }

    /// <summary>Null in the process that leads.</summary>
    public LifePlace? Place { get; init; }

    /// <summary>Whether nobody counts on it any more.</summary>
    public bool IsAbandoned { get; set; }

    public int Waiting => mailbox.Count;

    public void Tell(WorkerCommand command)
    {
        mailbox.Enqueue((command, 0));
        Schedule();
    }

    private void Schedule()
    {
        while (mailbox.TryPeek(out var first) && first.Command is null && first.Work != workNumber)
            mailbox.Dequeue();
        if (isBusy || mailbox.Count == 0)
            return;
        isBusy = true;
        network.After(world.Fate.Milliseconds(1, world.Fate.Chance(world.Fate.Weather.WorkerSlow) ? 4000 : 12), Receive);
    }

    private void Receive()
    {
        var (fate, weather) = (world.Fate, world.Fate.Weather);
        if (IsAbandoned)
            return;
        if (fate.Chance(weather.WorkerHang))
        {
            if (fate.Random.Next(3) == 0)
                network.After(fate.Milliseconds(1000, 30_000), Receive);
            return;
        }

        isBusy = false;
        var crashes = fate.Chance(weather.WorkerCrash);
        if (!crashes || fate.Random.Next(2) == 0)
            Handle();
        if (crashes)
        {
            IsAbandoned = true;
            network.After(TimeSpan.FromMilliseconds(1), () => end(Id, "It was made to fail."));
        }
        else
        {
            Schedule();
        }
    }

    private void Handle()
    {
        if (mailbox.Dequeue().Command is { } command)
            logic.Handle(command);
        else
            logic.Work();
        workNumber++;
        if (logic.HasWork)
            mailbox.Enqueue((null, workNumber));
    }

    private sealed class Device(ActorId id, SimulatedWorld world) : IWorkerDevice
    {
        // What is left to do of each, in pieces.
        private readonly List<(WorkerReport Report, int Pieces)> underWay = [];
        private PublishedWeights? installed;

        public bool HasWork => underWay.Count > 0;

        private WrongBits? Wrong => world.Outliers.TryGetValue((id.Role, id.Number), out var wrong) ? wrong : null;

        public string? Begin(WorkerCommand order)
        {
            switch (order)
            {
                case GenerateRollouts generate:
                    if (installed != generate.Weights && HasWork)
                        throw new InvariantException($"{id} samples with {installed}, and {generate.Weights} are to be installed.");
                    if (world.Fate.Chance(world.Fate.Weather.SnapshotRots)
                        || world.Plane.Slots[generate.Weights.Slot] != (generate.Weights.Hash, generate.Weights.Step))
                        return "The snapshot is another one.";
                    installed = generate.Weights;
                    foreach (var sample in generate.Samples)
                        underWay.Add((Sample(generate, sample), world.Fate.Random.Next(1, 5)));
                    break;
                case JudgeRollouts judge:
                    underWay.Add((Judge(judge), 1));
                    break;
            }

            return null;
        }

        public IReadOnlyList<WorkerReport> Advance()
        {
            for (var i = 0; i < underWay.Count; i++)
                underWay[i] = underWay[i] with { Pieces = underWay[i].Pieces - 1 };
            WorkerReport[] done = [.. underWay.Where(static one => one.Pieces == 0).Select(static one => one.Report)];
            underWay.RemoveAll(static one => one.Pieces == 0);
            return done;
        }

        public void GiveUp() => underWay.Clear();

        public void Dispose() => GiveUp();

        private RolloutDone Sample(GenerateRollouts order, int sample)
        {
            var rollout = SimulatedPolicy.Rollout(order.Weights.Hash, order.Position, sample);
            var hash = order.Weights.Hash;
            switch (Wrong)
            {
                case WrongBits.Always:
                    rollout = rollout with { Ids = [.. rollout.Ids.Select(token => token + 1 + id.Number)] };
                    break;
                case WrongBits.Sometimes when world.Fate.Random.Next(3) == 0:
                    rollout = rollout with { Ids = [.. rollout.Ids.Select(token => token + world.Fate.Random.Next(1, 50))] };
                    break;
                case WrongBits.Weights:
                    hash++;
                    break;
            }

            if (world.Fate.Chance(world.Fate.Weather.Misreport))
                rollout = rollout with { LogProbabilities = [rollout.LogProbabilities[0] - 1, .. rollout.LogProbabilities.Skip(1)] };
            return new RolloutDone(default, order.Number, order.Position, sample, order.Attempt, rollout, hash);
        }

        private WorkerReport Judge(JudgeRollouts order)
        {
            // What is added to all that it computes.
            var error = Wrong switch
            {
                WrongBits.Always => 1 + id.Number,
                WrongBits.Sometimes when world.Fate.Random.Next(3) == 0 => world.Fate.Random.Next(1, 50),
                _ => 0,
            };
            return id.Role == ActorRole.Reward
                ? new RewardsScored(default, order.Number, order.Position, order.Attempt,
                    [.. order.Rollouts.Select(rollout => SimulatedPolicy.ScoreBut(rollout, error))])
                : new ReferencesScored(default, order.Number, order.Position, order.Attempt,
                    [.. order.Rollouts.Select(rollout =>
                        (EquatableArray<float>)[.. SimulatedPolicy.Reference(rollout).Select(value => value - error)])]);
        }
    }
}
