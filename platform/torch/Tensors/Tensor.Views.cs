using TorchSharp.Interop;
using static TorchSharp.Interop.LibTorch;

namespace TorchSharp;

public static partial class torch
{
    // Shapes, products, copies, conversions.
    public partial class Tensor
    {
        public Tensor view(params long[] shape) => view((ReadOnlySpan<long>)shape);

        public unsafe Tensor view(ReadOnlySpan<long> shape)
        {
            fixed (long* d = shape) return tensor_view(this, d, shape.Length);
        }

        public Tensor reshape(params long[] shape) => reshape((ReadOnlySpan<long>)shape);

        public unsafe Tensor reshape(ReadOnlySpan<long> shape)
        {
            fixed (long* d = shape) return tensor_reshape(this, d, shape.Length);
        }

        public Tensor permute(params long[] permutation) => permute((ReadOnlySpan<long>)permutation);

        public unsafe Tensor permute(ReadOnlySpan<long> permutation)
        {
            fixed (long* d = permutation) return tensor_permute(this, d, permutation.Length);
        }

        public Tensor repeat(params long[] sizes) => repeat((ReadOnlySpan<long>)sizes);

        public unsafe Tensor repeat(ReadOnlySpan<long> sizes)
        {
            fixed (long* d = sizes) return tensor_repeat(this, d, sizes.Length);
        }

        public Tensor flip(params long[] dims) => flip((ReadOnlySpan<long>)dims);

        public unsafe Tensor flip(ReadOnlySpan<long> dims)
        {
            fixed (long* d = dims) return tensor_flip(this, d, dims.Length);
        }

        public Tensor expand(params long[] sizes) => expand((ReadOnlySpan<long>)sizes);

        public unsafe Tensor expand(ReadOnlySpan<long> size, bool isImplicit = false)
        {
            fixed (long* d = size) return tensor_expand(this, d, size.Length, isImplicit ? 1 : 0);
        }

        public Tensor expand_as(Tensor other) => expand(other.shape);
        public Tensor view_as(Tensor other) => view(other.shape);
        public Tensor reshape_as(Tensor other) => reshape(other.shape);
        /// <summary>The same bytes as another element type.</summary>
        public Tensor view(ScalarType dtype) => tensor_view_dtype(this, (int)dtype);

        public unsafe Tensor broadcast_to(params long[] shape)
        {
            fixed (long* d = shape) return tensor_broadcast_to(this, d, shape.Length);
        }

        public unsafe Tensor as_strided(ReadOnlySpan<long> size, ReadOnlySpan<long> strides, long storageOffset = 0L)
        {
            fixed (long* d = size, s = strides) return tensor_as_strided(this, d, size.Length, s, strides.Length, storageOffset);
        }

        public unsafe Tensor roll(ReadOnlySpan<long> shifts, ReadOnlySpan<long> dims = default)
        {
            fixed (long* s = shifts, d = dims) return tensor_roll(this, s, shifts.Length, d, dims.Length);
        }

        public Tensor alias() => tensor_alias(this);
        public Tensor clone() => tensor_clone(this);
        public Tensor contiguous() => tensor_contiguous(this);
        public Tensor detach() => tensor_detach(this);
        public Tensor flatten(long start_dim = 0, long end_dim = -1) => tensor_flatten(this, start_dim, end_dim);
        public Tensor narrow(long dim, long start, long length) => tensor_narrow(this, dim, start, length);
        public Tensor select(long dim, long index) => tensor_select(this, dim, index);
        public Tensor slice(long dim, long start, long finish, long step) => tensor_slice(this, dim, start, finish, step);
        public Tensor squeeze() => tensor_squeeze(this);
        public Tensor squeeze(long dim) => tensor_squeeze_dim(this, dim);
        public Tensor unsqueeze(long dim) => tensor_unsqueeze(this, dim);
        public Tensor t() => tensor_t(this);
        public Tensor transpose(long dim0, long dim1) => tensor_transpose(this, dim0, dim1);
        public Tensor mT => tensor_transpose(this, -2, -1);
        public Tensor tril(long diagonal = 0) => tensor_tril(this, diagonal);
        public Tensor triu(long diagonal = 0) => tensor_triu(this, diagonal);

        public Tensor repeat_interleave(long repeats, long? dim = null, long? output_size = null) =>
            tensor_repeat_interleave(this, repeats, dim is null ? 0 : 1, dim ?? 0);

        public Tensor matmul(Tensor target) => tensor_matmul(this, target);
        public Tensor mm(Tensor target) => tensor_mm(this, target);
        public Tensor bmm(Tensor batch2) => tensor_bmm(this, batch2);
        public Tensor mv(Tensor target) => tensor_mv(this, target);
        public Tensor dot(Tensor target) => tensor_dot(this, target);
        public Tensor outer(Tensor vec2) => tensor_outer(this, vec2);
        public Tensor addmm(Tensor mat1, Tensor mat2, float beta = 1, float alpha = 1) => tensor_addmm(this, mat1, mat2, beta, alpha);

        public unsafe Tensor[] chunk(long chunks, long dim = 0)
        {
            var room = Room(chunks);
            fixed (nint* made = room) return Pieces(room, tensor_chunk(this, chunks, dim, made, room.Length));
        }

        public unsafe Tensor[] split(long size, long dim = 0)
        {
            var length = this.size((int)dim);
            var room = Room(size > 0 ? Math.Max(1, (length + size - 1) / size) : 1);
            fixed (nint* made = room) return Pieces(room, tensor_split(this, size, dim, made, room.Length));
        }

        public unsafe Tensor[] split(long[] sizes, long dim = 0)
        {
            var room = Room(sizes.Length);
            fixed (nint* made = room)
            fixed (long* s = sizes)
                return Pieces(room, tensor_split_sizes(this, s, sizes.Length, dim, made, room.Length));
        }

        public unsafe Tensor[] unbind(int dim = 0)
        {
            var room = Room(size(dim));
            fixed (nint* made = room) return room.Length == 0 ? [] : Pieces(room, tensor_unbind(this, dim, made, room.Length));
        }

        // A conversion is a new object even where libtorch had nothing to convert, so that either may be disposed of.
        public Tensor to(ScalarType type, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            Converted(tensor_to_dtype(this, (int)type, copy ? 1 : 0), disposeAfter);

        public Tensor to(Device device, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            Converted(tensor_to(this, -1, (int)device.type, device.index, non_blocking ? 1 : 0, copy ? 1 : 0), disposeAfter);

        public Tensor to(ScalarType type, Device device, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            Converted(tensor_to(this, (int)type, (int)device.type, device.index, non_blocking ? 1 : 0, copy ? 1 : 0), disposeAfter);

        public Tensor to(DeviceType deviceType, int deviceIndex = -1, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            to(new Device(deviceType, deviceIndex), copy, disposeAfter, non_blocking);

        public Tensor to(string device, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            to(new Device(device), copy, disposeAfter, non_blocking);

        public Tensor to(Tensor other) => to(other.dtype, other.device);
        public Tensor to_type(ScalarType type, bool copy = false, bool disposeAfter = false, bool non_blocking = false) => to(type, copy, disposeAfter, non_blocking);
        public Tensor type_as(Tensor tensor) => to(tensor.dtype);
        public Tensor cpu(bool disposeAfter = false) => to(CPU, disposeAfter: disposeAfter);
        public Tensor cuda(Device? device = null, bool non_blocking = false) => to(device ?? CUDA, non_blocking: non_blocking);
        public Tensor @bool() => to(ScalarType.Bool);
        public Tensor @int() => to(ScalarType.Int32);
        public Tensor @long() => to(ScalarType.Int64);
        public Tensor half() => to(ScalarType.Float16);
        public Tensor bfloat16() => to(ScalarType.BFloat16);
        public Tensor @float() => to(ScalarType.Float32);
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
