using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Reduction;
using ActorTrain.Models.Kernels;
using ActorTrain.Models.Steps;
using ActorTrain.Models.Storage;
using static TorchSharp.torch;

namespace ActorTrain.Actors.DataPlane;

/// <summary>Totals that were copied to this node: each once, for all its trainers. Thread-safe.</summary>
/// <param name="length">Elements.</param>
/// <param name="readers">Totals read at a time, at most.</param>
internal sealed class PulledTotals(long length, int readers) : IDisposable
{
    // Without readers: that of the current round.
    private const int Kept = 1;
    private readonly Lock gate = new();
    private readonly GradientPool memory = new(length, readers + Kept + 1);
    private readonly Dictionary<Round, Pulled> totals = [];

    /// <summary>Opens a total; who comes while it is being copied waits for that.</summary>
    /// <param name="pull">Copies it to an address; false if that failed.</param>
    /// <returns>Null if the copy failed.</returns>
    public GradientLease? Get(Round round, FlatChecksum checksum, Func<nint, bool> pull)
    {
        Pulled total;
        lock (gate)
        {
            if (!totals.TryGetValue(round, out total!))
            {
                Evict(Kept);
                totals.Add(round, total = new Pulled(memory.Rent()));
            }

            total.Readers++;
        }

        lock (total.Copying)
        {
            if (!total.IsCopied && !total.IsFailed)
            {
                total.IsCopied = pull(total.Vector.Address());
                total.IsFailed = !total.IsCopied;
            }
        }

        if (total.IsCopied)
            return new GradientLease(total.Vector, checksum, () => Release(total));
        Forget(round);
        Release(total);
        return null;
    }

    /// <summary>The round is closed.</summary>
    public void Forget(Round round)
    {
        lock (gate)
        {
            if (totals.Remove(round, out var total))
                Drop(total);
        }
    }

    public void Dispose()
    {
        lock (gate)
            Evict(0);
        memory.Dispose();
    }

    private void Release(Pulled total)
    {
        lock (gate)
        {
            total.Readers--;
            Free(total);
        }
    }

    private void Evict(int but)
    {
        foreach (var round in totals.Where(static one => one.Value.Readers == 0).Select(static one => one.Key)
            .OrderByDescending(static round => round.Number).Skip(but).ToList())
        {
            totals.Remove(round, out var total);
            Drop(total!);
        }
    }

    private void Drop(Pulled total)
    {
        total.IsDropped = true;
        Free(total);
    }

    private void Free(Pulled total)
    {
        if (total is not { IsDropped: true, Readers: 0, IsFree: false })
            return;
        total.IsFree = true;
        memory.Return(total.Vector);
    }

    private sealed class Pulled(Tensor vector)
    {
        public Tensor Vector { get; } = vector;

        public Lock Copying { get; } = new();

        public bool IsCopied { get; set; }

        public bool IsFailed { get; set; }

        public bool IsDropped { get; set; }

        public bool IsFree { get; set; }

        public int Readers { get; set; }
    }
}
