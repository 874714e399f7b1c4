using System.Globalization;
using ActorTrain.Actors.DataPlane;
using ActorTrain.Actors.Protocol;
using ActorTrain.Models.Lanes;

namespace ActorTrain.Actors.Tests.DataPlane;

/// <summary>Frames come out of a stream of bytes as they went in, or not at all, whatever happens to the bytes.</summary>
public sealed class FrameTests
{
    private static readonly FrameKind[] Kinds = Enum.GetValues<FrameKind>();

    // More by ACTORTRAIN_FUZZ_FRAMES.
    private static readonly int Fuzzed = int.TryParse(
        Environment.GetEnvironmentVariable("ACTORTRAIN_FUZZ_FRAMES"), CultureInfo.InvariantCulture, out var count) ? count : 100_000;

    [Fact]
    public void Frames_come_out_as_they_went_in_however_the_bytes_are_cut()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var sent = Frames(random, random.Next(1, 20), longest: seed % 10 == 0 ? 100_000 : 300);
            var reader = new FrameReader(new CutStream(Bytes(sent), random)) { Of = (7, 3) };
            for (var i = 0; i < sent.Count; i++)
            {
                var header = reader.Next().ShouldNotBeNull($"seed {seed}");
                var payload = new byte[header.PayloadLength];
                reader.Payload(header, payload).ShouldBeTrue();
                payload.ShouldBe(sent[i].Payload);
                header.ShouldBe(sent[i].Header with
                {
                    Sequence = (ulong)i,
                    Term = 7,
                    Generation = 3,
                    PayloadLength = payload.Length,
                    PayloadChecksum = FrameHeader.ChecksumOf(payload),
                });
            }

            reader.Next().ShouldBeNull();
        }
    }

    [Fact]
    public void A_frame_that_was_changed_on_its_way_is_never_taken_for_another()
    {
        var (frames, refused, damaged, same) = (0, 0, 0, 0);
        for (var seed = 0; frames < Fuzzed; seed++)
        {
            var random = new Random(seed);
            var sent = Frames(random, random.Next(1, 12), longest: 200);
            frames += sent.Count;
            var reader = new FrameReader(new CutStream(Changed(Bytes(sent), random), random)) { Of = (7, 3) };
            try
            {
                for (var i = 0; reader.Next() is { } header; i++)
                {
                    (i < sent.Count).ShouldBeTrue($"seed {seed}");
                    header.ShouldBe(sent[i].Header with
                    {
                        Sequence = (ulong)i,
                        Term = 7,
                        Generation = 3,
                        PayloadLength = sent[i].Payload.Length,
                        PayloadChecksum = FrameHeader.ChecksumOf(sent[i].Payload),
                    }, $"seed {seed}");
                    var payload = new byte[header.PayloadLength];
                    var isIntact = reader.Payload(header, payload);
                    isIntact.ShouldBe(payload.AsSpan().SequenceEqual(sent[i].Payload), $"seed {seed}");
                    (same, damaged) = isIntact ? (same + 1, damaged) : (same, damaged + 1);
                }
            }
            catch (FrameException exception)
            {
                exception.Message.ShouldEndWith(".");
                refused++;
            }
        }

        // All three happen, or this tests nothing.
        Math.Min(refused, Math.Min(damaged, same)).ShouldBeGreaterThan(Fuzzed / 200, $"{refused}, {damaged}, {same}");
    }

    [Fact]
    public void Random_bytes_are_no_frame()
    {
        for (var seed = 0; seed < 20_000; seed++)
        {
            var random = new Random(seed);
            var bytes = new byte[random.Next(1, 400)];
            random.NextBytes(bytes);

            // Half of them begin as if they were.
            if (seed % 2 == 0)
                Bytes(Frames(random, 1, longest: 0)).AsSpan(0, Math.Min(bytes.Length, random.Next(FrameHeader.Size))).CopyTo(bytes);
            var reader = new FrameReader(new CutStream(bytes, random));
            Should.Throw<FrameException>(() => reader.Next(), $"seed {seed}");
        }
    }

    [Fact]
    public void A_header_that_does_not_fit_is_refused_with_a_sentence_that_says_why()
    {
        Refusal(static header => header with { PayloadLength = FrameHeader.LongestPayload + 1 })
            .ShouldBe("A frame of 1048577 bytes is longer than 1048576.");
        Refusal(static header => header with { PayloadLength = -1 }).ShouldBe("A frame of -1 bytes is longer than 1048576.");
        Refusal(static header => header with { Kind = (FrameKind)99 }).ShouldBe("There is no frame of kind 99.");
        Refusal(static header => header with { Sequence = 1 }).ShouldBe("Frame 1 came in the place of frame 0.");
        Refusal(static header => header with { Term = 6 }).ShouldBe("A frame is of term 6, and this is term 7.");
        Refusal(static header => header with { Generation = 2 }).ShouldBe("A frame is of connection 2, and this is connection 3.");
        Refusal(static header => header, static bytes => bytes[4]++)
            .ShouldBe("A frame is of version 2 of the data plane; this is version 1.");
        Refusal(static header => header, static bytes => "GET / HTTP/1.1\r\n"u8.CopyTo(bytes))
            .ShouldBe("What was sent is no frame of the data plane.");
        Refusal(static header => header, static bytes => bytes[50] ^= 4)
            .ShouldBe("The header of a frame has another checksum than when it was written.");
    }

    private static string Refusal(Func<FrameHeader, FrameHeader> change, Action<byte[]>? damage = null)
    {
        var bytes = new byte[FrameHeader.Size];
        change(new FrameHeader(FrameKind.Holds) { Term = 7, Generation = 3 }).Write(bytes);
        damage?.Invoke(bytes);
        return Should.Throw<FrameException>(() => new FrameReader(new MemoryStream(bytes)) { Of = (7, 3) }.Next()).Message;
    }

    private static List<(FrameHeader Header, byte[] Payload)> Frames(Random random, int count, int longest) =>
        [.. Enumerable.Range(0, count).Select(_ =>
        {
            var payload = new byte[random.Next(3) == 0 ? 0 : random.Next(longest + 1)];
            random.NextBytes(payload);
            return (new FrameHeader(Kinds[random.Next(Kinds.Length)])
            {
                Number = Number(random),
                Round = new Round(unchecked((long)Number(random)), unchecked((long)Number(random))),
                Block = new LaneBlock(random.Next(), random.Next()),
                Slot = random.Next(),
                Offset = unchecked((long)Number(random)),
                Length = unchecked((long)Number(random)),
                Handle = Number(random),
                Value = Number(random),
            }, payload);
        })];

    private static ulong Number(Random random) => random.Next(3) switch
    {
        0 => 0,
        1 => (ulong)random.Next(10),
        _ => unchecked((ulong)random.NextInt64(long.MinValue, long.MaxValue)),
    };

    private static byte[] Bytes(List<(FrameHeader Header, byte[] Payload)> frames)
    {
        var stream = new MemoryStream();
        var writer = new FrameWriter(stream) { Of = (7, 3) };
        foreach (var (header, payload) in frames)
            writer.Write(header, payload);
        return stream.ToArray();
    }

    private static byte[] Changed(byte[] bytes, Random random)
    {
        var at = random.Next(bytes.Length);
        switch (random.Next(6))
        {
            case 0:
                bytes[at] ^= (byte)(1 << random.Next(8));
                return bytes;
            case 1:
                bytes[at] = (byte)random.Next(256);
                return bytes;
            case 2:
                return bytes[..at];
            case 3:
                return [.. bytes[..at], (byte)random.Next(256), .. bytes[at..]];
            case 4:
                // A part of it again, as if it had been sent twice.
                var from = random.Next(at + 1);
                return [.. bytes[..at], .. bytes[from..at], .. bytes[at..]];
            default:
                return [.. bytes[..at], .. bytes[Math.Min(bytes.Length, at + 1 + random.Next(FrameHeader.Size))..]];
        }
    }

    // Gives as many bytes at a time as it likes, one at least.
    private sealed class CutStream(byte[] bytes, Random random) : MemoryStream(bytes)
    {
        public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(buffer.Length, Least())]);

        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, Least()));

        private int Least() => random.Next(4) == 0 ? 1 : random.Next(1, 200);
    }
}
