using ActorTrain.Data.Chats;
using ActorTrain.Data.Sources;
using ActorTrain.Models;
using Parquet;
using Parquet.Schema;
using Parquet.Serialization;

namespace ActorTrain.Data.Tests.Chats;

public sealed class ParquetTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Rows_are_read_like_lines()
    {
        var file = await Write("a.parquet", 3, 2);
        var reader = Reader(DataKind.Chat, file);
        var groups = reader.Read().ToList();
        groups.Select(static placed => placed.Place).ShouldBe(Enumerable.Range(1, 6).Select(row => $"{file}, row {row}"));
        groups.Select(static placed => placed.Group.Prompt.Single()).ShouldBe(
            Enumerable.Range(0, 6).Select(static i => Chat.User($"question {i} é")));
        groups.Select(static placed => placed.Group.Answers.Single().Single()).ShouldBe(
            Enumerable.Range(0, 6).Select(static i => Chat.Assistant($"answer {i}")));
        reader.Omissions.IgnoredFields.ShouldBe(["score"]);
        groups[^1].BytesRead.ShouldBe(reader.TotalBytes);
    }

    [Fact]
    public async Task Other_columns_of_prompts_are_their_references()
    {
        var schema = new ParquetSchema(new DataField<string>("prompt"), new DataField<long>("answer"), new DataField<double?>("weight"));
        var file = folder.Of("p.parquet");
        await using (var stream = File.Create(file))
        {
            Dictionary<string, object?>[] rows =
                [new() { ["prompt"] = "q", ["answer"] = 1L << 60, ["weight"] = 0.1 }, new() { ["prompt"] = "r", ["answer"] = -1L }];
            await ParquetSerializer.SerializeUntypedAsync(rows, schema, stream);
        }

        Reader(DataKind.Prompts, file).Read().Select(static placed => placed.Group.Reference)
            .ShouldBe(["""{"answer":1152921504606846976,"weight":0.1}""", """{"answer":-1}"""]);
    }

    [Fact]
    public async Task A_malformed_row_and_a_damaged_file_are_refused()
    {
        var file = await Write("a.parquet", 1, 2);
        Should.Throw<UserErrorException>(() => Reader(DataKind.Pairs, file).Read().Count()).Message
            .ShouldName($"{file}, row 1", "no \"chosen\"", "--lenient");

        var bytes = File.ReadAllBytes(file);
        foreach (var damaged in new[] { bytes[..^20], bytes[..50], [.. bytes[..4], .. new byte[200], .. bytes[^4..]] })
        {
            var bad = folder.Write("bad.parquet", damaged);
            Should.Throw<UserErrorException>(() => Reader(DataKind.Chat, bad).Read().Count()).Message.ShouldName(bad);
        }
    }

    /// <summary>Written by Arrow's own library: see the command beside it.</summary>
    [Fact]
    public void A_file_of_Arrow_is_read()
    {
        var file = Path.Combine(AppContext.BaseDirectory, "arrow-chats.parquet");
        var groups = Reader(DataKind.Chat, file).Read().Select(static placed => placed.Group).ToList();
        groups.Select(static group => group.Prompt[^1].Content).ShouldBe(["q0", "q1", "q2"]);
        groups.Select(static group => group.Answers[0][0].Content).ShouldBe(["a0", "a1", "a2"]);
        groups[1].Prompt.ShouldBe([Chat.System("s"), Chat.User("q1")]);
    }

    private static ChatReader Reader(DataKind kind, string file) =>
        new(new SourceOptions { Inputs = [file] }, kind, ChatTemplate.Find("chatml"));

    private async Task<string> Write(string name, int rowGroups, int rows)
    {
        var file = folder.Of(name);
        for (var group = 0; group < rowGroups; group++)
        {
            await using var stream = new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite);
            await ParquetSerializer.SerializeAsync(
                Enumerable.Range(group * rows, rows).Select(static i => new Row
                {
                    messages =
                    [
                        new Message { role = "user", content = $"question {i} é" },
                        new Message { role = "assistant", content = $"answer {i}" },
                    ],
                    score = i * 0.5,
                }),
                stream, new ParquetOptions { Append = group > 0 });
        }

        return file;
    }

    // Named as the columns are.
    private sealed class Row
    {
        public List<Message>? messages { get; set; }

        public double score { get; set; }
    }

    private sealed class Message
    {
        public string? role { get; set; }

        public string? content { get; set; }
    }
}
