using ActorTrain.Models.Storage;

namespace ActorTrain.Actors.DataPlane;

/// <summary>Memory of other processes that was mapped last: mapping it again would cost a fault for every page. Thread-safe.</summary>
internal sealed class MappedMemory : IDisposable
{
    private const int Most = 8;
    private readonly Lock gate = new();
    private readonly List<(SharedPlace Place, bool IsWritable, SharedMemory Memory)> mapped = [];
    private bool isDisposed;

    /// <summary>Maps memory for the caller, who disposes of it; null if it is not there.</summary>
    public SharedMemory? Open(SharedPlace place, bool isWritable)
    {
        lock (gate)
        {
            if (isDisposed)
                return null;
            var at = mapped.FindIndex(one => (one.Place.Key, one.Place.OtherKey) == (place.Key, place.OtherKey)
                && one.IsWritable == isWritable);
            var (_, _, memory) = at >= 0 ? mapped[at] : default;
            if (at >= 0)
                mapped.RemoveAt(at);
            else
                memory = SharedMemory.Open(place, place.Length, isWritable);
            if (memory is null)
                return null;
            mapped.Add((place, isWritable, memory));
            if (mapped.Count > Most)
            {
                mapped[0].Memory.Dispose();
                mapped.RemoveAt(0);
            }

            return memory.Share();
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            isDisposed = true;
            foreach (var (_, _, memory) in mapped)
                memory.Dispose();
            mapped.Clear();
        }
    }
}
