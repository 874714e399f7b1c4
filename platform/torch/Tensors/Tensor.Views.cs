using TorchSharp.Interop;
using static TorchSharp.Interop.LibTorch;

namespace TorchSharp;

public static partial class torch
{
    // Shapes, products, copies, conversions.
    public partial class Tensor
    {
        /// <summary>The same memory in another shape; one size may be −1. Throws where the strides do not allow it.</summary>
        public Tensor view(params long[] shape) => view((ReadOnlySpan<long>)shape);

        /// <inheritdoc cref="view(long[])"/>
        public unsafe Tensor view(ReadOnlySpan<long> shape)
        {
            fixed (long* d = shape) return tensor_view(this, d, shape.Length);
        }

        /// <summary>The elements in row-major order in another shape, one size may be −1; a view where possible, else a copy.</summary>
        public Tensor reshape(params long[] shape) => reshape((ReadOnlySpan<long>)shape);

        /// <inheritdoc cref="reshape(long[])"/>
        public unsafe Tensor reshape(ReadOnlySpan<long> shape)
        {
            fixed (long* d = shape) return tensor_reshape(this, d, shape.Length);
        }

        /// <summary>A view with the dimensions in the given order.</summary>
        public Tensor permute(params long[] permutation) => permute((ReadOnlySpan<long>)permutation);

        /// <inheritdoc cref="permute(long[])"/>
        public unsafe Tensor permute(ReadOnlySpan<long> permutation)
        {
            fixed (long* d = permutation) return tensor_permute(this, d, permutation.Length);
        }

        /// <summary>A copy with the tensor laid side by side, that many times along each dimension.</summary>
        public Tensor repeat(params long[] sizes) => repeat((ReadOnlySpan<long>)sizes);

        /// <inheritdoc cref="repeat(long[])"/>
        public unsafe Tensor repeat(ReadOnlySpan<long> sizes)
        {
            fixed (long* d = sizes) return tensor_repeat(this, d, sizes.Length);
        }

        /// <summary>A copy with the order of elements along the dimensions reversed.</summary>
        public Tensor flip(params long[] dims) => flip((ReadOnlySpan<long>)dims);

        /// <inheritdoc cref="flip(long[])"/>
        public unsafe Tensor flip(ReadOnlySpan<long> dims)
        {
            fixed (long* d = dims) return tensor_flip(this, d, dims.Length);
        }

        /// <summary>A view in which dimensions of size 1 are repeated to the size asked for; −1 keeps a size.</summary>
        public Tensor expand(params long[] sizes) => expand((ReadOnlySpan<long>)sizes);

        /// <inheritdoc cref="expand(long[])"/>
        public unsafe Tensor expand(ReadOnlySpan<long> size, bool isImplicit = false)
        {
            fixed (long* d = size) return tensor_expand(this, d, size.Length, isImplicit ? 1 : 0);
        }

        /// <summary><see cref="expand(long[])"/> to the other's shape.</summary>
        public Tensor expand_as(Tensor other) => expand(other.shape);
        /// <summary><see cref="view(long[])"/> in the other's shape.</summary>
        public Tensor view_as(Tensor other) => view(other.shape);
        /// <summary><see cref="reshape(long[])"/> to the other's shape.</summary>
        public Tensor reshape_as(Tensor other) => reshape(other.shape);

        /// <summary>A view of the given shape, by the rules of broadcasting.</summary>
        public unsafe Tensor broadcast_to(params long[] shape)
        {
            fixed (long* d = shape) return tensor_broadcast_to(this, d, shape.Length);
        }

        /// <summary>A view of the memory with sizes, strides and offset, in elements.</summary>
        public unsafe Tensor as_strided(ReadOnlySpan<long> size, ReadOnlySpan<long> strides, long storageOffset = 0L)
        {
            fixed (long* d = size, s = strides) return tensor_as_strided(this, d, size.Length, s, strides.Length, storageOffset);
        }

        /// <summary>A copy with elements moved along dimensions by the shifts, around the end; without dimensions, in row-major order.</summary>
        public unsafe Tensor roll(ReadOnlySpan<long> shifts, ReadOnlySpan<long> dims = default)
        {
            fixed (long* s = shifts, d = dims) return tensor_roll(this, s, shifts.Length, d, dims.Length);
        }

        /// <summary>A view of all elements.</summary>
        public Tensor alias() => tensor_alias(this);
        /// <summary>A copy with memory of its own.</summary>
        public Tensor clone() => tensor_clone(this);
        /// <summary>The tensor itself where its elements lie in row-major order, else a copy in which they do.</summary>
        public Tensor contiguous() => tensor_contiguous(this);
        /// <summary>The same memory outside the graph.</summary>
        public Tensor detach() => tensor_detach(this);
        /// <summary>Dimensions start_dim to end_dim joined into one.</summary>
        public Tensor flatten(long start_dim = 0, long end_dim = -1) => tensor_flatten(this, start_dim, end_dim);
        /// <summary>A view of <c>length</c> positions of <c>dim</c> from <c>start</c> on.</summary>
        public Tensor narrow(long dim, long start, long length) => tensor_narrow(this, dim, start, length);
        /// <summary>A view at one position of <c>dim</c>, which disappears.</summary>
        public Tensor select(long dim, long index) => tensor_select(this, dim, index);
        /// <summary>A view of every step-th position of <c>dim</c> from start up to, not including, finish.</summary>
        public Tensor slice(long dim, long start, long finish, long step) => tensor_slice(this, dim, start, finish, step);
        /// <summary>A view without the dimensions of size 1.</summary>
        public Tensor squeeze() => tensor_squeeze(this);
        /// <summary>A view without the dimension, where its size is 1.</summary>
        public Tensor squeeze(long dim) => tensor_squeeze_dim(this, dim);
        /// <summary>A view with a new dimension of size 1 at <c>dim</c>.</summary>
        public Tensor unsqueeze(long dim) => tensor_unsqueeze(this, dim);
        /// <summary>A view of a matrix with rows and columns exchanged.</summary>
        public Tensor t() => tensor_t(this);
        /// <summary>A view with two dimensions exchanged.</summary>
        public Tensor transpose(long dim0, long dim1) => tensor_transpose(this, dim0, dim1);
        /// <summary>A view with the last two dimensions exchanged.</summary>
        public Tensor mT => tensor_transpose(this, -2, -1);
        /// <summary>A copy with zeros above the diagonal (0: the main one, positive: above it).</summary>
        public Tensor tril(long diagonal = 0) => tensor_tril(this, diagonal);
        /// <summary>A copy with zeros below the diagonal (0: the main one, positive: above it).</summary>
        public Tensor triu(long diagonal = 0) => tensor_triu(this, diagonal);

        /// <summary>Each element <c>repeats</c> times in a row, along <c>dim</c>, or of the flattened tensor where it is null.</summary>
        public Tensor repeat_interleave(long repeats, long? dim = null, long? output_size = null) =>
            tensor_repeat_interleave(this, repeats, dim is null ? 0 : 1, dim ?? 0);

        /// <summary>Matrix product of the last two dimensions, [.., n, k] · [.., k, m] to [.., n, m]; those before are broadcast, a vector is a row or a column.</summary>
        public Tensor matmul(Tensor target) => tensor_matmul(this, target);
        /// <summary>[n, k] · [k, m] to [n, m].</summary>
        public Tensor mm(Tensor target) => tensor_mm(this, target);
        /// <summary>[b, n, k] · [b, k, m] to [b, n, m].</summary>
        public Tensor bmm(Tensor batch2) => tensor_bmm(this, batch2);
        /// <summary>[n, k] · [k] to [n].</summary>
        public Tensor mv(Tensor target) => tensor_mv(this, target);
        /// <summary>[n] · [n] to [].</summary>
        public Tensor dot(Tensor target) => tensor_dot(this, target);
        /// <summary>All products of [n] and [m], [n, m].</summary>
        public Tensor outer(Tensor vec2) => tensor_outer(this, vec2);
        /// <summary>beta · this + alpha · mat1 · mat2, for [n, k] · [k, m].</summary>
        public Tensor addmm(Tensor mat1, Tensor mat2, float beta = 1, float alpha = 1) => tensor_addmm(this, mat1, mat2, beta, alpha);

        /// <summary>Views of at most <c>chunks</c> equal parts along <c>dim</c>; the last may be smaller.</summary>
        public unsafe Tensor[] chunk(long chunks, long dim = 0)
        {
            var room = Room(chunks);
            fixed (nint* made = room) return Pieces(room, tensor_chunk(this, chunks, dim, made, room.Length));
        }

        /// <summary>Views of <c>size</c> positions each along <c>dim</c>; the last may be smaller.</summary>
        public unsafe Tensor[] split(long size, long dim = 0)
        {
            var length = this.size((int)dim);
            var room = Room(size > 0 ? Math.Max(1, (length + size - 1) / size) : 1);
            fixed (nint* made = room) return Pieces(room, tensor_split(this, size, dim, made, room.Length));
        }

        /// <summary>Views of the given sizes along <c>dim</c>, which must add up to it.</summary>
        public unsafe Tensor[] split(long[] sizes, long dim = 0)
        {
            var room = Room(sizes.Length);
            fixed (nint* made = room)
            fixed (long* s = sizes)
                return Pieces(room, tensor_split_sizes(this, s, sizes.Length, dim, made, room.Length));
        }

        /// <summary>Views at each position of <c>dim</c>, which disappears.</summary>
        public unsafe Tensor[] unbind(int dim = 0)
        {
            var room = Room(size(dim));
            fixed (nint* made = room) return room.Length == 0 ? [] : Pieces(room, tensor_unbind(this, dim, made, room.Length));
        }

        // A conversion is a new object even where libtorch had nothing to convert, so that either may be disposed of.
        /// <summary>The elements converted; a new object even where nothing changes, sharing memory then unless <c>copy</c>. <c>disposeAfter</c> disposes of this one.</summary>
        public Tensor to(ScalarType type, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            Converted(tensor_to_dtype(this, (int)type, copy ? 1 : 0), disposeAfter);

        /// <summary>The tensor on the device; a new object even where it is there already, sharing memory then unless <c>copy</c>. <c>disposeAfter</c> disposes of this one.</summary>
        public Tensor to(Device device, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            Converted(tensor_to(this, -1, (int)device.type, device.index, non_blocking ? 1 : 0, copy ? 1 : 0), disposeAfter);

        /// <summary>The tensor converted and on the device; a new object in any case. <c>disposeAfter</c> disposes of this one.</summary>
        public Tensor to(ScalarType type, Device device, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            Converted(tensor_to(this, (int)type, (int)device.type, device.index, non_blocking ? 1 : 0, copy ? 1 : 0), disposeAfter);

        /// <inheritdoc cref="to(Device, bool, bool, bool)"/>
        public Tensor to(DeviceType deviceType, int deviceIndex = -1, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            to(new Device(deviceType, deviceIndex), copy, disposeAfter, non_blocking);

        /// <inheritdoc cref="to(Device, bool, bool, bool)"/>
        public Tensor to(string device, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            to(new Device(device), copy, disposeAfter, non_blocking);

        /// <summary>The tensor with the other's type, on the other's device.</summary>
        public Tensor to(Tensor other) => to(other.dtype, other.device);
        /// <inheritdoc cref="to(ScalarType, bool, bool, bool)"/>
        public Tensor to_type(ScalarType type, bool copy = false, bool disposeAfter = false, bool non_blocking = false) => to(type, copy, disposeAfter, non_blocking);
        /// <summary>The elements converted to the other's type.</summary>
        public Tensor type_as(Tensor tensor) => to(tensor.dtype);
        /// <summary>The tensor in the processor's memory.</summary>
        public Tensor cpu(bool disposeAfter = false) => to(CPU, disposeAfter: disposeAfter);
        /// <summary>The tensor on a GPU; null: the current one.</summary>
        public Tensor cuda(Device? device = null, bool non_blocking = false) => to(device ?? CUDA, non_blocking: non_blocking);
        /// <summary>Converted to truth values: not 0.</summary>
        public Tensor @bool() => to(ScalarType.Bool);
        /// <summary>Converted to int32.</summary>
        public Tensor @int() => to(ScalarType.Int32);
        /// <summary>Converted to int64.</summary>
        public Tensor @long() => to(ScalarType.Int64);
        /// <summary>Converted to float16.</summary>
        public Tensor half() => to(ScalarType.Float16);
        /// <summary>Converted to bfloat16.</summary>
        public Tensor bfloat16() => to(ScalarType.BFloat16);
        /// <summary>Converted to float32.</summary>
        public Tensor @float() => to(ScalarType.Float32);
        /// <summary>Converted to float64.</summary>
        public Tensor @double() => to(ScalarType.Float64);

        private Tensor Converted(Tensor made, bool disposeAfter)
        {
            if (disposeAfter) Dispose();
            return made;
        }

        private static nint[] Room(long pieces) => new nint[Math.Max(0, pieces)];

        private static Tensor[] Pieces(nint[] handles, long count)
        {
            if (count == 0) throw NativeError.Take();
            var pieces = new Tensor[count];
            for (var i = 0; i < count; i++) pieces[i] = new Tensor(handles[i]);
            return pieces;
        }
    }
}
