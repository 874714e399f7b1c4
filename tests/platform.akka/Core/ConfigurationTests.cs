using Akka.Configuration;

namespace ActorTrain.Platform.Tests.Core;

public sealed class ConfigurationTests
{
    [Fact]
    public void Objects_names_and_values_are_read_in_all_their_forms()
    {
        var config = ConfigurationFactory.ParseString("""
            # a comment
            a.b.c = 1   // and another
            a { b { d : "two words", "dotted.name" = yes } }
            list = [1, 2
              3]
            text = plain words here
            on-off { x = on, y = off }
            number = -2.5e3
            nothing = null
            url = "http://host/path#part"
            """);
        config.GetInt("a.b.c").ShouldBe(1);
        config.GetString("a.b.d").ShouldBe("two words");
        config.GetBoolean("a.b.\"dotted.name\"").ShouldBeTrue();
        config.GetIntList("list").ShouldBe([1, 2, 3]);
        config.GetString("text").ShouldBe("plain words here");
        config.GetBoolean("on-off.x").ShouldBeTrue();
        config.GetBoolean("on-off.y").ShouldBeFalse();
        config.GetDouble("number").ShouldBe(-2500);
        config.GetString("url").ShouldBe("http://host/path#part");
        config.HasPath("a.b").ShouldBeTrue();
        config.HasPath("a.x").ShouldBeFalse();
        config.GetString("a.x", "default").ShouldBe("default");
        config.GetConfig("a.b").GetInt("c").ShouldBe(1);
        config.GetConfig("a.x").ShouldBeNull();
    }

    [Theory]
    [InlineData("5s", 5000)]
    [InlineData("5 s", 5000)]
    [InlineData("100ms", 100)]
    [InlineData("100", 100)]
    [InlineData("2m", 120_000)]
    [InlineData("1h", 3_600_000)]
    [InlineData("1.5 seconds", 1500)]
    public void Durations_have_units(string text, double milliseconds)
        => ConfigurationFactory.ParseString($"d = {text}").GetTimeSpan("d").TotalMilliseconds.ShouldBe(milliseconds);

    [Fact]
    public void A_duration_may_be_infinite()
        => ConfigurationFactory.ParseString("d = infinite").GetTimeSpan("d").ShouldBe(Timeout.InfiniteTimeSpan);

    [Theory]
    [InlineData("10b", 10)]
    [InlineData("2kB", 2000)]
    [InlineData("2KiB", 2048)]
    [InlineData("1 MiB", 1048576)]
    public void Sizes_have_units(string text, long bytes) => ConfigurationFactory.ParseString($"s = {text}").GetByteSize("s").ShouldBe(bytes);

    [Fact]
    public void A_fallback_gives_what_is_missing_at_any_depth()
    {
        var config = ConfigurationFactory.ParseString("a { b = 1, list = [1] }")
            .WithFallback(ConfigurationFactory.ParseString("d = 4, a { b = 2, c = 3, list = [2, 3] }"));
        config.GetInt("a.b").ShouldBe(1);
        config.GetInt("a.c").ShouldBe(3);
        config.GetInt("d").ShouldBe(4);
        config.GetIntList("a.list").ShouldBe([1]);
    }

    [Fact]
    public void Substitutions_take_values_from_elsewhere()
    {
        var config = ConfigurationFactory.ParseString("""
            port = 80
            address = host":"${port}
            """);
        config.GetString("address").ShouldBe("host:80");
    }

    [Fact]
    public void A_later_value_of_a_name_replaces_and_objects_grow_together()
    {
        var config = ConfigurationFactory.ParseString("a = 1, a = 2\no { x = 1 }\no { y = 2 }");
        config.GetInt("a").ShouldBe(2);
        config.GetInt("o.x").ShouldBe(1);
        config.GetInt("o.y").ShouldBe(2);
    }

    [Theory]
    [InlineData("o { x = 1 }, p = 2")]
    [InlineData("a = ${?not.there}")]
    public void What_Akka_cannot_read_is_refused(string text) => Should.Throw<Exception>(() => ConfigurationFactory.ParseString(text).GetString("a"));

    [Fact]
    public void An_empty_configuration_is_empty()
    {
        Config.Empty.IsEmpty.ShouldBeTrue();
        ConfigurationFactory.ParseString("a = 1").IsEmpty.ShouldBeFalse();
    }
}
