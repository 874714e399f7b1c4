using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization.Metadata;
using ActorTrain.Host.Control;
using ActorTrain.Models;

namespace ActorTrain.Host.Tests.Control;

/// <summary>What <c>docs/</c> says of the control API is what the code does.</summary>
public sealed class ControlSchemaTests
{
    private static readonly JsonSerializerOptions Readable =
        new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonSchemaExporterOptions Exporter =
        new() { TreatNullObliviousAsNonNullable = true, TransformSchemaNode = Described };
    private static readonly string Docs = Path.Combine(Root(), "docs");

    /// <summary>ACTORTRAIN_REWRITE=1 rewrites the file; review it as a diff.</summary>
    [Fact]
    public void The_schema_in_docs_is_that_of_the_documents()
    {
        var endpoints = new JsonObject();
        var definitions = new JsonObject();
        foreach (var endpoint in ControlApi.All)
        {
            var entry = new JsonObject { ["answer"] = Reference(endpoint.Answer, definitions) };
            if (endpoint.Method != "GET")
                entry.Insert(0, "body", Reference(endpoint.Body, definitions));
            endpoints[endpoint.ToString()] = entry;
        }

        Reference(ControlApi.Json.ProblemDocument, definitions);
        var schema = new JsonObject
        {
            ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
            ["title"] = "Documents of the control API; every refusal is a ProblemDocument",
            ["endpoints"] = endpoints,
            ["$defs"] = definitions,
        };
        var text = schema.ToJsonString(Readable) + "\n";
        var file = Path.Combine(Docs, "control-api.schema.json");
        if (Environment.GetEnvironmentVariable("ACTORTRAIN_REWRITE") == "1")
            File.WriteAllText(file, text);
        File.ReadAllText(file).ShouldBe(text);
    }

    [Fact]
    public void The_page_names_every_endpoint_with_a_body_that_it_takes()
    {
        var page = File.ReadAllText(Path.Combine(Docs, "control-api.md"));
        foreach (var endpoint in ControlApi.All)
        {
            page.ShouldContain($"| `{endpoint}` |");
            if (endpoint.Body.Type != typeof(NoBody))
                page.ShouldContain($"`{endpoint.Example}`");
        }
    }

    private static JsonObject Reference(JsonTypeInfo type, JsonObject definitions)
    {
        definitions[type.Type.Name] ??= type.GetJsonSchemaAsNode(Exporter);
        return new JsonObject { ["$ref"] = $"#/$defs/{type.Type.Name}" };
    }

    // A type with a converter of its own has no schema.
    private static JsonNode Described(JsonSchemaExporterContext context, JsonNode schema) =>
        context.TypeInfo.Type is { IsGenericType: true } type && type.GetGenericTypeDefinition() == typeof(EquatableArray<>)
            ? new JsonObject
            {
                ["type"] = "array",
                ["items"] = context.TypeInfo.Options.GetTypeInfo(type.GetGenericArguments()[0]).GetJsonSchemaAsNode(Exporter),
            }
            : schema;

    private static string Root()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "ActorTrain.sln")))
                return folder.FullName;
        }

        throw new InvalidOperationException("The tests do not run in a checkout.");
    }
}
