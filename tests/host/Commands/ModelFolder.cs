using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;
using ActorTrain.Data.Tokenizers;
using ActorTrain.Models;
using ActorTrain.Models.Storage;
using ActorTrain.Persistence.HuggingFace;

namespace ActorTrain.Host.Tests.Commands;

/// <summary>A tensor of a file, as its header and its bytes have it.</summary>
internal sealed record RawTensor(string Name, string Dtype, long[] Shape, byte[] Bytes);

/// <summary>A good exported model in a folder, to be spoilt: its config is read and written as JSON, its weights by plain loops over the
/// format.</summary>
internal sealed class ModelFolder(string path)
{
    public const int EndOfText = 256;

    /// <summary>More ids than the byte tokenizer has, as models have whose vocabulary is rounded up.</summary>
    public const int Vocabulary = 264;

    public string Path => path;

    public static ModelOptions Shape(ModelFamily family) => family == ModelFamily.Gpt2
        ? new()
        {
            Family = family,
            Layers = 2,
            Width = 12,
            Heads = 3,
            KeyValueHeads = 3,
            MlpWidth = 40,
            ContextLength = 9,
            VocabularySize = Vocabulary
        }
        : new()
        {
            Family = family,
            Layers = 2,
            Width = 24,
            Heads = 6,
            KeyValueHeads = 2,
            MlpWidth = 40,
            ContextLength = 9,
            VocabularySize = Vocabulary,
            TieEmbeddings = false
        };

    public static ModelFolder Export(string path, ModelFamily family)
    {
        var layout = ModelLayout.Of(Shape(family));
        using var weights = new HostBuffer(layout.Length * sizeof(float));
        var random = new Random(7);
        for (var i = 0; i < layout.Length; i++)
            BinaryPrimitives.WriteSingleLittleEndian(weights.Slice(4L * i, 4), (float)(random.NextDouble() - 0.5));
        var staging = Directory.CreateTempSubdirectory("actortrain-tokenizer-").FullName;
        using var tokenizer = new ByteTokenizer();
        tokenizer.Save(staging);
        HuggingFaceTokenizer.Write(tokenizer, staging);
        var files = Directory.EnumerateFiles(staging)
            .Select(static file => new ExportedFile(System.IO.Path.GetFileName(file), File.ReadAllBytes(file))).ToArray();
        Directory.Delete(staging, recursive: true);
        HuggingFaceExport.Write(new HuggingFaceModel(Shape(family), layout, weights, EndOfText, EndOfText), files, path);
        return new ModelFolder(path);
    }

    public string At(string name) => System.IO.Path.Combine(path, name);

    /// <summary>Sets a key of a JSON file, or takes it out.</summary>
    public void Set(string key, string? json, string file = "config.json")
    {
        var content = JsonNode.Parse(File.ReadAllText(At(file)))!.AsObject();
        content.Remove(key);
        if (json is not null)
            content[key] = JsonNode.Parse(json);
        File.WriteAllText(At(file), content.ToJsonString());
    }

    public JsonObject Config => JsonNode.Parse(File.ReadAllText(At("config.json")))!.AsObject();

    public List<RawTensor> Tensors(string file = "model.safetensors")
    {
        var bytes = File.ReadAllBytes(At(file));
        var length = (int)BinaryPrimitives.ReadInt64LittleEndian(bytes);
        var header = JsonNode.Parse(bytes.AsSpan(8, length))!.AsObject();
        return [.. header.Where(static pair => pair.Key != "__metadata__").Select(pair =>
        {
            var (begin, end) = ((int)pair.Value!["data_offsets"]![0]!, (int)pair.Value["data_offsets"]![1]!);
            return new RawTensor(
                pair.Key, (string)pair.Value["dtype"]!, [.. pair.Value["shape"]!.AsArray().Select(static size => (long)size!)],
                    bytes[(8 + length + begin)..(8 + length + end)]);
        })];
    }

    public void Write(IEnumerable<RawTensor> tensors, string file = "model.safetensors")
    {
        var header = new JsonObject();
        var data = new MemoryStream();
        foreach (var tensor in tensors)
        {
            header[tensor.Name] = new JsonObject
            {
                ["dtype"] = tensor.Dtype,
                ["shape"] = new JsonArray([.. tensor.Shape.Select(static size => (JsonNode)size)]),
                ["data_offsets"] = new JsonArray(data.Position, data.Position + tensor.Bytes.Length),
            };
            data.Write(tensor.Bytes);
        }

        var json = Encoding.UTF8.GetBytes(header.ToJsonString());
        var prefix = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(prefix, json.Length);
        File.WriteAllBytes(At(file), [.. prefix, .. json, .. data.ToArray()]);
    }

    /// <summary>Makes the model as large as its dimensions are mapped to, in a file that is all holes.</summary>
    public void Enlarge(IReadOnlyDictionary<long, long> dimensions)
    {
        var (header, size) = (new JsonObject(), 0L);
        foreach (var tensor in Tensors())
        {
            long[] shape = [.. tensor.Shape.Select(size => dimensions.GetValueOrDefault(size, size))];
            var bytes = shape.Aggregate(4L, static (product, size) => product * size);
            header[tensor.Name] = new JsonObject
            {
                ["dtype"] = "F32",
                ["shape"] = new JsonArray([.. shape.Select(static size => (JsonNode)size)]),
                ["data_offsets"] = new JsonArray(size, size + bytes),
            };
            size += bytes;
        }

        var json = Encoding.UTF8.GetBytes(header.ToJsonString());
        using var file = File.Create(At("model.safetensors"));
        file.Write(BitConverter.GetBytes((long)json.Length));
        file.Write(json);
        file.SetLength(8 + json.Length + size);
    }

    public void Change(string tensor, Func<RawTensor, RawTensor?> change) =>
        Write(Tensors().Select(one => one.Name == tensor ? change(one) : one).OfType<RawTensor>());

    public void Add(RawTensor tensor) => Write(Tensors().Append(tensor));

    /// <summary>Moves the weights into two shards and an index of them.</summary>
    public void Shard(Action<JsonObject>? change = null)
    {
        var all = Tensors();
        File.Delete(At("model.safetensors"));
        var map = new JsonObject();
        foreach (var (name, part) in new[] { ("a.safetensors", all[..3]), ("b.safetensors", all[3..]) })
        {
            Write(part, name);
            foreach (var tensor in part)
                map[tensor.Name] = name;
        }

        change?.Invoke(map);
        var size = new JsonObject { ["total_size"] = all.Sum(static tensor => (long)tensor.Bytes.Length) };
        File.WriteAllText(
            At("model.safetensors.index.json"), new JsonObject { ["metadata"] = size, ["weight_map"] = map }.ToJsonString());
    }
}
