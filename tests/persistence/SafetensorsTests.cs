using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using ActorTrain.Models;
using ActorTrain.Models.Storage;
using ActorTrain.Persistence.Safetensors;

namespace ActorTrain.Persistence.Tests;

public sealed class SafetensorsTests : IDisposable
{
    private static readonly string Golden = Path.Combine(AppContext.BaseDirectory, "golden", "tiny.safetensors");
    private readonly TestDirectory directory = new();
    private readonly List<HostBuffer> buffers = [];

    public void Dispose()
    {
        directory.Dispose();
        buffers.ForEach(static buffer => buffer.Dispose());
    }

    [Fact]
    public void Writes_the_golden_bytes_widest_elements_first()
    {
        var path = directory.At("tiny.safetensors");
        var digest = SafetensorsWriter.Write(
            path,
            [
                Tensor("matrix", SafetensorsDtype.F32, [2, 3], MemoryMarshal.AsBytes<float>([0f, 1f, -1.5f, 2.25f, 1e-8f, 3e38f])),
                Tensor("ids", SafetensorsDtype.I64, [2], MemoryMarshal.AsBytes<long>([1, -2])),
                Tensor("counts", SafetensorsDtype.I32, [1], MemoryMarshal.AsBytes<int>([-7])),
                Tensor("brain", SafetensorsDtype.BF16, [2], MemoryMarshal.AsBytes<ushort>([0x3F80, 0xC020])),
                Tensor("half", SafetensorsDtype.F16, [1, 2], MemoryMarshal.AsBytes<Half>([(Half)0.5, (Half)65504])),
                Tensor("bytes", SafetensorsDtype.U8, [3], [0, 127, 255]),
                Tensor("empty", SafetensorsDtype.U8, [0, 4], []),
            ],
            new Dictionary<string, string> { ["note"] = "tiny", ["format"] = "pt" },
            hashData: true);

        var golden = File.ReadAllBytes(Golden);
        File.ReadAllBytes(path).ShouldBe(golden);
        digest.Size.ShouldBe(golden.Length);
        digest.Sha256.ShouldBe(Convert.ToHexStringLower(SHA256.HashData(golden)));
        digest.DataSha256.ShouldBe(Convert.ToHexStringLower(SHA256.HashData(golden.AsSpan(golden.Length - 55))));
    }

    [Fact]
    public void Reads_the_golden_file()
    {
        using var file = SafetensorsFile.Open(Golden);
        file.Metadata.ShouldBe(new Dictionary<string, string> { ["format"] = "pt", ["note"] = "tiny" }, ignoreOrder: true);
        file.Entries.Select(entry => $"{entry.Name} {entry.DtypeName} {SafetensorsEntry.Format(entry.Shape)}").ShouldBe(
            ["ids I64 [2]", "matrix F32 [2, 3]", "counts I32 [1]", "brain BF16 [2]", "half F16 [1, 2]", "bytes U8 [3]", "empty U8 [0, 4]"]);

        // Into the middle of a buffer; its neighbours stay as they are.
        var buffer = Buffer(64);
        file.Read(file.Find("matrix")!, buffer, 8);
        buffer.Floats().ToArray().ShouldBe([0, 0, 0f, 1f, -1.5f, 2.25f, 1e-8f, 3e38f, 0, 0, 0, 0, 0, 0, 0, 0]);

        var sha = file.ReadAll(entry => (buffer, 0));
        sha.ShouldBe(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Golden))));
    }

    [Fact]
    public void Streams_a_file_of_more_than_two_gigabytes()
    {
        const long elements = (1L << 31) + 12345;
        var big = Buffer(elements);
        foreach (var at in new[] { 0, 1L << 30, (1L << 31) - 1, 1L << 31, elements - 1 })
            big.Slice(at, 1)[0] = (byte)((at % 250) + 1);
        var path = directory.At("big.safetensors");
        SafetensorsWriter.Write(path,
            [new TensorSlice("big", SafetensorsDtype.U8, [elements], big, 0), Tensor("last", SafetensorsDtype.U8, [1], [9])], NoMetadata);

        big.Slice(1L << 31, 1)[0] = 0;
        using var file = SafetensorsFile.Open(path);
        file.Find("big")!.ByteCount.ShouldBe(elements);
        file.Read(file.Find("big")!, big, 0);
        foreach (var at in new[] { 0, 1L << 30, (1L << 31) - 1, 1L << 31, elements - 1 })
            big.Slice(at, 1)[0].ShouldBe((byte)((at % 250) + 1));
        var last = Buffer(1);
        file.Read(file.Find("last")!, last, 0);
        last.Slice(0, 1)[0].ShouldBe((byte)9);
    }

    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 8, "too long")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 4, "truncated")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "leaves a gap")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4,
        "overlaps")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}""", 12,
        "leaves a gap")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", 4, "needs 8 bytes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}""", 4, "needs 4 bytes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}""", 4, "negative")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4611686018427387904,4611686018427387904],"data_offsets":[0,4]}}""", 4,
        "invalid safetensors header")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}""", 4, "invalid safetensors header")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}""", 4, "has no dtype")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"more":1}}""", 4, "unknown property")]
    [InlineData("""{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}""", 0,
        "duplicate")]
    [InlineData("""{"__metadata__":{"a":1}}""", 0, "invalid safetensors header")]
    [InlineData("""[1]""", 0, "invalid safetensors header")]
    [InlineData("""{} {}""", 0, "invalid safetensors header")]
    [InlineData("""{"a":""", 0, "invalid safetensors header")]
    [InlineData("""{"a":{"dtype":"F32","shape":[[[[[[[[[[[[1]]]]]]]]]]]],"data_offsets":[0,4]}}""", 4, "invalid safetensors header")]
    public void Refuses_a_header_that_does_not_match_its_file(string json, int dataLength, string because)
    {
        var path = directory.At("bad.safetensors");
        var header = Encoding.UTF8.GetBytes(json);
        File.WriteAllBytes(path, [.. BitConverter.GetBytes((long)header.Length), .. header, .. new byte[dataLength]]);
        var error = Should.Throw<UserErrorException>(() => SafetensorsFile.Open(path));
        error.Message.ShouldContain(path);
        error.Message.ShouldContain(because);
    }

    [Theory]
    [InlineData("C64", 8)]
    [InlineData("F8_E4M3", 1)]
    [InlineData("F4", 2)]
    [InlineData("A type of the future", 3)]
    public void A_tensor_of_another_type_is_refused_when_it_is_read_and_hinders_no_other(string dtype, int bytes)
    {
        var path = directory.At("mixed.safetensors");
        var header =
            Encoding.UTF8.GetBytes(
            $$$"""{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"{{{dtype}}}","shape":[1],"data_offsets":[2,{{{2 + bytes}}}]}}""");
        File.WriteAllBytes(path, [.. BitConverter.GetBytes((long)header.Length), .. header, 7, 9, .. new byte[bytes]]);
        using var file = SafetensorsFile.Open(path);
        file.Find("b")!.DtypeName.ShouldBe(dtype);
        var buffer = Buffer(8);
        file.Read(file.Find("a")!, buffer, 0);
        buffer.Slice(0, 2).ToArray().ShouldBe(new byte[] { 7, 9 });
        foreach (var read in new Action[] { () => file.Read(file.Find("b")!, buffer, 0), () => file.ReadAll(_ => (buffer, 0)) })
        {
            var message = Should.Throw<UserErrorException>(read).Message;
            message.ShouldContain(path);
            message.ShouldContain("tensor b");
            message.ShouldContain(dtype);
        }
    }

    [Theory]
    [InlineData(ulong.MaxValue)]
    [InlineData((ulong)long.MaxValue)]
    [InlineData(100_000_001UL)]
    [InlineData(1_000UL)]
    [InlineData(0UL)]
    public void Refuses_a_header_length_that_cannot_be(ulong length)
    {
        var path = directory.At("bad.safetensors");
        var bytes = new byte[100];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, length);
        File.WriteAllBytes(path, bytes);
        Should.Throw<UserErrorException>(() => SafetensorsFile.Open(path)).Message.ShouldContain($"header of {length} bytes");
    }

    [Fact]
    public void No_altered_byte_of_a_header_makes_the_reader_crash_or_hang()
    {
        var golden = File.ReadAllBytes(Golden);
        var path = directory.At("fuzzed.safetensors");
        var headerLength = golden.Length - 55;
        var refused = 0;
        for (var at = 0; at < headerLength; at++)
        {
            var bytes = (byte[])golden.Clone();
            bytes[at] ^= (byte)(1 << (at % 8));
            File.WriteAllBytes(path, bytes);
            try
            {
                SafetensorsFile.Open(path).Dispose();
            }
            catch (UserErrorException)
            {
                refused++;
            }
        }

        refused.ShouldBeGreaterThan(headerLength / 2);
    }

    [Fact]
    public void Every_truncation_is_refused()
    {
        var golden = File.ReadAllBytes(Golden);
        var path = directory.At("cut.safetensors");
        for (var length = 0; length < golden.Length; length++)
        {
            File.WriteAllBytes(path, golden[..length]);
            Should.Throw<UserErrorException>(() => SafetensorsFile.Open(path));
        }
    }

    [Fact]
    public void The_writer_refuses_what_it_cannot_write_before_it_makes_a_file()
    {
        var path = directory.At("none.safetensors");
        var buffer = Buffer(8);
        Should.Throw<ArgumentException>(
            () => SafetensorsWriter.Write(path, [new TensorSlice("a", SafetensorsDtype.F32, [2], buffer, 4)], NoMetadata));
        Should.Throw<ArgumentException>(() => SafetensorsWriter.Write(
            path, [new TensorSlice("a", SafetensorsDtype.F32, [1], buffer, 0), new TensorSlice("a", SafetensorsDtype.F32, [1], buffer, 4)],
                NoMetadata));
        File.Exists(path).ShouldBeFalse();
    }

    private static Dictionary<string, string> NoMetadata => [];

    private TensorSlice Tensor(string name, SafetensorsDtype dtype, long[] shape, ReadOnlySpan<byte> bytes)
    {
        var buffer = Buffer(bytes.Length);
        bytes.CopyTo(buffer.Slice(0, bytes.Length));
        return new TensorSlice(name, dtype, shape, buffer, 0);
    }

    private HostBuffer Buffer(long length)
    {
        buffers.Add(new HostBuffer(length));
        return buffers[^1];
    }
}
