using ActorTrain.Host.Configuration;

namespace ActorTrain.Host.Tests;

/// <remarks>ACTORTRAIN_REWRITE=1 rewrites the page.</remarks>
public sealed class ConfigurationReferenceTests
{
    [Fact]
    public void The_page_of_all_keys_is_what_help_config_writes()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "ActorTrain.sln")))
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The source is not above the tests.");
        var page = Path.Combine(folder, "docs", "configuration.md");
        var written = SettingsHelp.WriteMarkdown();
        if (Environment.GetEnvironmentVariable("ACTORTRAIN_REWRITE") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(page)!);
            File.WriteAllText(page, written);
        }

        File.ReadAllText(page).ShouldBe(written, "The options differ from docs/configuration.md; ACTORTRAIN_REWRITE=1 rewrites it.");
    }
}
