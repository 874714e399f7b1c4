using static TorchSharp.torch;

namespace ActorTrain.Models.Generation;

/// <summary>Keys and values of previous tokens for every layer, so that a new token costs one position instead of all.</summary>
public sealed class KeyValueCache : IDisposable
{
    private readonly KeyValues[] layers;

    public KeyValueCache(ModelOptions options) =>
        layers = [.. Enumerable.Range(0, options.Layers).Select(_ => new KeyValues(options.ContextLength))];

    public long Length => layers[^1].Length;

    internal KeyValues this[int layer] => layers[layer];

    public void Clear()
    {
        foreach (var layer in layers)
            layer.Clear();
    }

    public void Dispose() => Clear();
}

/// <summary>One layer's keys and values, in buffers allocated once for the whole context.</summary>
internal sealed class KeyValues(long capacity)
{
    private Tensor? keys;
    private Tensor? values;

    public long Length { get; private set; }

    /// <summary>Appends <c>[B, K, T, d]</c> keys and values and returns all so far, views of <c>[B, K, Length, d]</c>.</summary>
    public (Tensor Keys, Tensor Values) Append(Tensor newKeys, Tensor newValues)
    {
        var time = newKeys.shape[2];
        if (Length > 0 && time != 1)
            throw new ArgumentException($"Cannot append {time} tokens at once to a cache of {Length}; after the prompt, "
                + $"append one token at a time.", nameof(newKeys));
        keys ??= Buffer(newKeys);
        values ??= Buffer(newValues);
        keys.narrow(2, Length, time).copy_(newKeys);
        values.narrow(2, Length, time).copy_(newValues);
        Length += time;
        return (keys.narrow(2, 0, Length), values.narrow(2, 0, Length));
    }

    public void Clear()
    {
        keys?.Dispose();
        values?.Dispose();
        (keys, values, Length) = (null, null, 0);
    }

    private Tensor Buffer(Tensor like)
    {
        var shape = like.shape;
        return empty(shape[0], shape[1], capacity, shape[3], dtype: like.dtype, device: like.device).DetachFromDisposeScope();
    }
}
