using System.CommandLine;
using ActorTrain.Data.Chats;
using ActorTrain.Data.Tokenizers;
using ActorTrain.Host.Cli;
using ActorTrain.Host.Memory;
using ActorTrain.Host.Runs;
using ActorTrain.Models;
using ActorTrain.Models.Files;
using ActorTrain.Models.Numerics;
using ActorTrain.Models.Storage;
using ActorTrain.Persistence.Checkpoints;
using ActorTrain.Persistence.HuggingFace;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Commands;

internal static class ImportCommand
{
    public static CliCommand Define()
    {
        var source = new Argument<string>("DIR")
        {
            Description = "Folder with config.json and model.safetensors of "
            + "a GPT-2 or Llama model."
        };
        var output = new Option<string>("--output")
        { Description = "Run folder to create; it must not exist.", HelpName = "DIR", Required = true };
        var force = OptionChecks.Force();
        return new CliCommand<ImportRequest>("import", "Import a Hugging Face model for evaluation or text generation.", """
            Example:
              actortrain import gpt2/ --output runs/gpt2
            """,
            line => new ImportRequest(line.GetRequiredValue(source), line.GetRequiredValue(output), line.GetValue(force)),
            Run) { source, output, force };
    }

    public static int Run(ImportRequest request, CommandContext context)
    {
        if (Directory.Exists(request.Output) && Directory.EnumerateFileSystemEntries(request.Output).Any())
            throw new UserErrorException($"{request.Output} is not empty; name a folder to create with --output.");
        if (File.Exists(request.Output))
            throw new UserErrorException($"{request.Output} is a file; name a folder to create with --output.");
        var path = Path.GetFullPath(request.Output);
        var run = new RunDirectory(Path.GetDirectoryName(path)!, Path.GetFileName(path));

        var model = HuggingFaceImport.Read(request.Source, options =>
        {
            new MemoryCheck(request.Force).Require("The import", MemoryPlan.ToImport(new ModelMemory(options)));
            return ModelLayout.Of(options);
        });
        using var weights = model.Weights;
        var description = Path.Combine(request.Source, TokenizerFolder.DescriptionFile);
        using var tokenizer = File.Exists(description) ? TokenizerFolder.Load(request.Source) : null;
        if (tokenizer is not null)
        {
            TokenizerCheck.Require(tokenizer, request.Source, model.Options, model.BeginToken, model.EndToken, description);
            HuggingFaceTokenizer.RequireSame(tokenizer, request.Source);
        }

        var template = tokenizer is null ? null : ChatTemplate.InFolder(request.Source);
        using var firstMoment = new HostBuffer(weights.Length);
        using var secondMoment = new HostBuffer(weights.Length);
        var isNew = !Directory.Exists(path);
        try
        {
            var store = new CheckpointStore(run.CheckpointsDirectory, new CheckpointStoreOptions(), context.Time);
            store.Commit(new CheckpointContent(
                new CheckpointFacts
                {
                    Step = 0,
                    ConfigurationHash = "imported",
                    Model = model.Options,
                    Cursor = new PlanCursor(0, 0, 0),
                    Fingerprint = new NumericFingerprint("imported", "", "", "", "", ""),
                    State = new Dictionary<string, string>(TokenizerCheck.StateOf(model.BeginToken, model.EndToken))
                    {
                        ["source"] = Path.GetFileName(Path.TrimEndingDirectorySeparator(request.Source)),
                    },
                },
                model.Layout, weights, firstMoment, secondMoment));

            if (tokenizer is not null)
            {
                run.WriteTokenizer(folder =>
                {
                    tokenizer.Save(folder);
                    template?.Save(folder);
                });
            }
        }
        catch
        {
            // The folder was empty or absent, as the next attempt needs it.
            Discard(path, isNew);
            throw;
        }

        foreach (var remark in model.Remarks)
            context.Output.WriteLine(remark);
        if (HuggingFaceTokenizer.NotTakenOver(tokenizer, request.Source) is { Count: > 0 } theirs)
            context.Output.WriteLine(
                $"Not taken over from {request.Source}: {string.Join(", ", theirs)}; only a tokenizer written by actortrain is imported.");
        if (tokenizer is null)
            context.Output.WriteLine(WithoutTokenizer(request.Source, model, run));

        context.Output.WriteLine(
            $"Imported the {model.Options.Family.ToString().ToLowerInvariant()} model ({model.Layout.ParameterCount:N0} parameters) "
            + $"into {request.Output}.");
        return ExitCode.Success;
    }

    private static void Discard(string path, bool isNew)
    {
        if (isNew)
            Disk.TryDelete(path);
        else if (Directory.Exists(path))
            Array.ForEach(Directory.GetFileSystemEntries(path), static entry => Disk.TryDelete(entry));
    }

    private static string WithoutTokenizer(string source, HuggingFaceModel model, RunDirectory run) =>
        TokenizerCheck.NoneFits(model.Options, model.BeginToken, model.EndToken) is { } reason
            ? $"{source} {reason}"
            : $"{source} has no tokenizer written by actortrain; put one into {run.TokenizerDirectory} to generate text.";
}

public sealed record ImportRequest(string Source, string Output, bool Force = false);
