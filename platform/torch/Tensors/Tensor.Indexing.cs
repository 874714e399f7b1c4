using TorchSharp.Interop;
using static TorchSharp.Interop.LibTorch;

namespace TorchSharp;

public static partial class torch
{
    // Picking and placing elements.
    public partial class Tensor
    {
        /// <summary>Element i of the result is the one at position index[i] of <c>dim</c>; the result has index's shape.</summary>
        public Tensor gather(long dim, Tensor index) => tensor_gather(this, dim, index);
        /// <summary>A copy with src written at the positions of <c>index</c> along <c>dim</c>.</summary>
        public Tensor scatter(long dim, Tensor index, Tensor src) => tensor_scatter(this, dim, index, src);
        /// <summary>A copy with src added at the positions of <c>index</c> along <c>dim</c>.</summary>
        public Tensor scatter_add(long dim, Tensor index, Tensor src) => tensor_scatter_add(this, dim, index, src);
        /// <summary>The positions of <c>dim</c> that the one-dimensional index names, in its order.</summary>
        public Tensor index_select(long dim, Tensor index) => tensor_index_select(this, dim, index);
        /// <summary>A copy with alpha · source added at the positions of <c>dim</c> that index [n] names.</summary>
        public Tensor index_add(long dim, Tensor index, Tensor source, Scalar alpha) => tensor_index_add(this, dim, index, source, alpha.Value);
        /// <summary>The elements where the mask holds, as one dimension.</summary>
        public Tensor masked_select(Tensor mask) => tensor_masked_select(this, mask);
        /// <summary>The positions of elements that are not 0, [count, ndim], int64.</summary>
        public Tensor nonzero() => tensor_nonzero(this);

        /// <summary>The elements that an index expression picks: positions, slices, tensors of positions or of truth values, new axes.</summary>
        public Tensor this[params TensorIndex[] indices]
        {
            get => index(indices);
            set => index_put_(value, indices);
        }

        /// <summary>The elements at the positions, or the truth values, that tensors hold: one tensor for each dimension.</summary>
        public Tensor this[params Tensor[] indices]
        {
            get => index(indices);
            set => index_put_(value, indices);
        }

        /// <summary>The elements at the positions, or the truth values, that tensors hold: one tensor for each dimension.</summary>
        public Tensor index(params Tensor[] indices) => index(Array.ConvertAll(indices, TensorIndex.Tensor));

        /// <summary>Writes the value, broadcast, at the positions that tensors hold, in place.</summary>
        public Tensor index_put_(Tensor value, params Tensor[] indices) => index_put_(value, Array.ConvertAll(indices, TensorIndex.Tensor));

        /// <summary>The elements that an index expression picks; a view where it holds no tensor.</summary>
        public unsafe Tensor index(params TensorIndex[] indices)
        {
            fixed (IndexEntry* entries = Entries(indices))
            {
                var picked = tensor_index(this, entries, indices.Length);
                GC.KeepAlive(indices);
                return picked;
            }
        }

        /// <summary>Writes the value, broadcast, where the index expression points, in place.</summary>
        public unsafe Tensor index_put_(Tensor value, params TensorIndex[] indices)
        {
            fixed (IndexEntry* entries = Entries(indices))
            {
                tensor_index_put_(this, entries, indices.Length, value).Check();
                GC.KeepAlive(indices);
                return this;
            }
        }

        /// <summary>Writes the number where the index expression points, in place.</summary>
        public unsafe Tensor index_put_(Scalar value, params TensorIndex[] indices)
        {
            fixed (IndexEntry* entries = Entries(indices))
            {
                tensor_index_put_scalar_(this, entries, indices.Length, value.Value).Check();
                GC.KeepAlive(indices);
                return this;
            }
        }

        private static IndexEntry[] Entries(TensorIndex[] indices)
        {
            var entries = new IndexEntry[indices.Length];
            for (var i = 0; i < entries.Length; i++) entries[i] = indices[i].Entry();
            return entries;
        }
    }

    /// <summary>One entry of an index expression.</summary>
    public struct TensorIndex
    {
        private const long Absent = long.MinValue;

        private readonly long kind, start, stop, step;
        private readonly Tensor? tensor;

        private TensorIndex(long kind, long start = Absent, long stop = Absent, long step = Absent, Tensor? tensor = null)
        {
            this.kind = kind;
            this.start = start;
            this.stop = stop;
            this.step = step;
            this.tensor = tensor;
        }

        /// <summary>As many whole dimensions as the other entries leave over.</summary>
        public static TensorIndex Ellipsis => new(3);
        /// <summary>A new dimension of size 1.</summary>
        public static TensorIndex None => new(4);
        /// <summary>A new dimension of size 1.</summary>
        public static TensorIndex Null => new(4);
        /// <summary>A whole dimension.</summary>
        public static TensorIndex Colon => new(1);

        /// <summary>Every <c>step</c>-th position from <c>start</c> up to, not including, <c>stop</c>; negative ones count from the end, null is open.</summary>
        public static TensorIndex Slice(long? start = null, long? stop = null, long? step = null) => new(1, start ?? Absent, stop ?? Absent, step ?? Absent);
        /// <summary>Positions from start up to, not including, end.</summary>
        public static TensorIndex Slice((int? start, int? end) range) => Slice(range.start, range.end);
        /// <summary>The positions of a C# range; <c>^n</c> counts from the end.</summary>
        public static TensorIndex Slice(Range range) => range;
        /// <summary>A new dimension of size 1 where true, of size 0 where false.</summary>
        public static TensorIndex Bool(bool value) => new(5, value ? 1 : 0);
        /// <summary>One position, counted from the end where negative; its dimension disappears.</summary>
        public static TensorIndex Single(long index) => new(0, index);
        /// <summary>Positions (integers) or a mask (truth values).</summary>
        public static TensorIndex Tensor(Tensor tensor) => new(2, tensor: tensor);

        /// <summary>One position, as <see cref="Single"/>.</summary>
        public static implicit operator TensorIndex(long value) => Single(value);
        /// <summary>One position; <c>^1</c> is the last.</summary>
        public static implicit operator TensorIndex(Index index) => Single(index.IsFromEnd ? -index.Value : index.Value);

        /// <summary>The positions of a C# range; <c>^n</c> counts from the end.</summary>
        public static implicit operator TensorIndex(Range range)
        {
            long start = range.Start.IsFromEnd ? -range.Start.Value : range.Start.Value;
            return range.End is { IsFromEnd: true, Value: 0 } ? Slice(start) : Slice(start, range.End.IsFromEnd ? -range.End.Value : range.End.Value);
        }

        internal readonly IndexEntry Entry() => new() { Kind = kind, Start = start, Stop = stop, Step = step, Tensor = tensor?.Handle ?? 0 };
    }
}
