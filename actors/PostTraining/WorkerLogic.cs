using ActorTrain.Actors.Protocol;
using ActorTrain.Models;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.PostTraining;

/// <summary>A worker's answers to orders, without thread or actor. An order that is repeated is done once and answered again; work for an
/// experience is done before that for a later one.</summary>
/// <param name="device">Not owned.</param>
public sealed class WorkerLogic(ActorId worker, IWorkerDevice device, Action<WorkerReport> tell)
{
    // Pieces of work between two heartbeats: a piece may take less than a millisecond.
    private const int PiecesPerHeartbeat = 16;

    private readonly SortedDictionary<long, Queue<WorkerCommand>> waiting = [];
    private readonly HashSet<Piece> begun = [];
    private readonly Dictionary<Piece, WorkerReport> done = [];
    private long underWay = -1;
    private int pieces;

    public bool HasWork => device.HasWork || waiting.Count > 0;

    public void Handle(WorkerCommand command)
    {
        switch (command)
        {
            case ForgetRollouts forget:
                Forget(forget.Number);
                break;
            case GenerateRollouts order:
                EquatableArray<int> samples =
                    [.. order.Samples.Where(sample => IsNew(new Piece(order.Number, order.Position, sample, order.Attempt)))];
                if (samples.Count > 0)
                    Enqueue(order with { Samples = samples });
                break;
            case JudgeRollouts order when IsNew(new Piece(order.Number, order.Position, Sample: 0, order.Attempt)):
                Enqueue(order);
                break;
        }
    }

    /// <summary>Does the next piece of work.</summary>
    public void Work()
    {
        if (!device.HasWork || (waiting.Count > 0 && waiting.First().Key <= underWay))
            BeginNext();
        if (!device.HasWork)
            return;
        var reports = device.Advance();
        foreach (var report in reports)
        {
            var named = report with { Worker = worker };
            if (named is not ScoringDelayed)
                done[PieceOf(named)] = named;
            tell(named);
        }

        if (reports.Count == 0 && ++pieces % PiecesPerHeartbeat == 0)
            tell(new WorkerProgressed(worker, underWay));
    }

    private void BeginNext()
    {
        if (waiting.Count == 0)
            return;
        var (number, orders) = waiting.First();
        if (device.HasWork && number < underWay)
            return;
        underWay = number;
        while (orders.TryDequeue(out var order))
        {
            if (device.Begin(order) is not { } refusal)
                continue;
            begun.RemoveWhere(piece => piece.Number == number && !done.ContainsKey(piece));
            tell(new WeightsMissing(worker, number, refusal));
        }

        waiting.Remove(number);
    }

    private void Forget(long before)
    {
        foreach (var number in waiting.Keys.Where(number => number < before).ToList())
            waiting.Remove(number);
        begun.RemoveWhere(piece => piece.Number < before);
        foreach (var piece in done.Keys.Where(piece => piece.Number < before).ToList())
            done.Remove(piece);
        if (underWay < before)
            device.GiveUp();
    }

    private void Enqueue(WorkerCommand order)
    {
        if (!waiting.TryGetValue(order.Number, out var orders))
            waiting.Add(order.Number, orders = []);
        orders.Enqueue(order);
    }

    // What is done is answered again.
    private bool IsNew(Piece piece)
    {
        if (begun.Add(piece))
            return true;
        if (done.TryGetValue(piece, out var report))
            tell(report);
        return false;
    }

    private static Piece PieceOf(WorkerReport report) => report switch
    {
        RolloutDone rollout => new Piece(rollout.Number, rollout.Position, rollout.Sample, rollout.Attempt),
        JudgementReport judged => new Piece(judged.Number, judged.Position, Sample: 0, judged.Attempt),
        _ => throw new InvariantException($"{report.GetType().Name} answers no order."),
    };

    private readonly record struct Piece(long Number, long Position, int Sample, int Attempt);
}
