#include "engine/config_file.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <memory>
#include <sstream>
#include <system_error>

#include "engine/config_text.hpp"
#include "trafficd/units.hpp"

namespace trafficd {

namespace {

/// A fault after which reading cannot go on.
struct Fault {
  Mark mark;
  std::string message;
};

/// A node before its path is known: an alias is one more handle of the same node.
struct Raw {
  ConfigNode::Type type = ConfigNode::Type::null;
  std::string text;
  bool quoted = false, faulty = false, from_environment = false;
  YAML::Mark mark;
  std::vector<std::shared_ptr<const Raw>> items;  // of a sequence, and the values of a map
  std::vector<std::pair<std::string, YAML::Mark>> keys;
};

/// Turns the events of the YAML parser into Raw nodes and refuses what the project does not take.
class Builder final : public YAML::EventHandler {
 public:
  Builder(std::string_view text, std::string file, Problems& problems, const Environment& environment)
      : text_(text),
        lines_(line_starts(text)),
        file_(std::move(file)),
        problems_(problems),
        environment_(environment) {}

  std::shared_ptr<const Raw> root() const { return root_; }

  Mark place(const YAML::Mark& mark) const {
    return mark.is_null() ? Mark{file_, 0, 0} : Mark{file_, mark.line + 1, mark.column + 1};
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ == 1) return;
    const bool dashes = text_.substr(std::min(offset(mark), text_.size())).starts_with("---");
    throw Fault{place(mark),
                dashes ? "a second document begins here; a configuration is one document, without '---' inside"
                       : "does not belong to what stands above it; check the indentation"};
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { add(start(mark), anchor); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) throw Fault{place(mark), "an alias within the value that it stands for"};
    place_value(found->second, mark);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_tag(mark, tag);
    auto node = start(mark);
    node->type = ConfigNode::Type::scalar;
    node->text = value;
    node->quoted = tag != "?" && !tag.empty();
    // The library takes the end of the file for the end of the text.
    if (node->quoted && unclosed_quote(text_, offset(mark)))
      throw Fault{place(mark), "a quotation mark is opened here and not closed"};
    if (value.size() > ConfigLimits::text_size) throw Fault{place(mark), "a value is longer than 1 MiB"};
    const bool key = !open_.empty() && open_.back().node->type == ConfigNode::Type::map && !open_.back().key_pending;
    if (!key) {
      const Expansion done = expand_environment(node->text, environment_, ConfigLimits::text_size);
      // What comes from the environment is text, whatever it looks like.
      node->quoted = node->quoted || done.any;
      node->from_environment = done.any;
      node->faulty = !done.error.empty();
      if (node->faulty) report(mark, done.error);
    }
    add(std::move(node), anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    begin(ConfigNode::Type::sequence, mark, tag, anchor);
  }
  void OnSequenceEnd() override { end(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    begin(ConfigNode::Type::map, mark, tag, anchor);
  }
  void OnMapEnd() override { end(); }

 private:
  struct Open {
    std::shared_ptr<Raw> node;
    YAML::anchor_t anchor;
    bool key_pending = false;                         // a key has come, its value has not
    bool dropped = false;                             // the value that comes belongs to a key that was refused
    std::map<std::string, int, std::less<>> lines{};  // of the keys so far
  };

  std::size_t offset(const YAML::Mark& mark) const { return offset_of(lines_, mark.line, mark.column); }

  void report(const YAML::Mark& mark, std::string message) {
    // A file full of faults is told about no further than a person reads.
    if (problems_.size() >= 1000) throw Fault{place(mark), "too many faults; the rest is not shown"};
    problems_.push_back({place(mark), {}, std::move(message)});
  }

  std::shared_ptr<Raw> start(const YAML::Mark& mark) {
    if (++nodes_ > ConfigLimits::nodes) throw Fault{place(mark), "more than 100000 values; split the configuration"};
    auto node = std::make_shared<Raw>();
    node->mark = mark;
    return node;
  }

  void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    report(mark, "YAML tags such as '!!str' are not taken; write the value alone, in quotes when it is a text");
  }

  void begin(ConfigNode::Type type, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (open_.size() >= ConfigLimits::depth) throw Fault{place(mark), "nested deeper than 64 levels"};
    refuse_tag(mark, tag);
    auto node = start(mark);
    node->type = type;
    open_.push_back({std::move(node), anchor});
  }

  void end() {
    const Open done = std::move(open_.back());
    open_.pop_back();
    add(done.node, done.anchor);
  }

  void add(std::shared_ptr<Raw> node, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) anchors_[anchor] = node;
    const YAML::Mark mark = node->mark;
    place_value(std::move(node), mark);
  }

  void place_value(std::shared_ptr<const Raw> node, const YAML::Mark& mark) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node->type == ConfigNode::Type::sequence) {
      parent.node->items.push_back(std::move(node));
    } else if (!parent.key_pending) {
      parent.key_pending = true;
      parent.dropped = !take_key(parent, *node, mark);
    } else {
      parent.key_pending = false;
      if (!parent.dropped) parent.node->items.push_back(std::move(node));
    }
  }

  /// False when the key was refused.
  bool take_key(Open& map, const Raw& key, const YAML::Mark& mark) {
    if (key.type != ConfigNode::Type::scalar || key.text.empty())
      return report(mark, "the name of an option is missing before ':'"), false;
    if (key.text.size() > ConfigLimits::key_size) return report(mark, "a name is longer than 256 bytes"), false;
    if (first_bad_byte(key.text) != std::string_view::npos || key.text.find_first_of("\t\r\n") != std::string::npos)
      return report(mark, "a name holds a tab, a line break or a control character"), false;
    if (key.text == "<<" && !key.quoted)
      return report(mark, "merging with '<<' is not taken; write the options out"), false;
    const auto [known, added] = map.lines.emplace(key.text, mark.line + 1);
    if (!added)
      return report(mark, concat("'", key.text, "' is given twice, first in line ", known->second, "; remove one")),
             false;
    map.node->keys.emplace_back(key.text, mark);
    return true;
  }

  std::string_view text_;
  std::vector<std::size_t> lines_;
  std::string file_;
  Problems& problems_;
  const Environment& environment_;
  std::shared_ptr<const Raw> root_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, std::shared_ptr<const Raw>> anchors_;
  std::size_t nodes_ = 0;
  int documents_ = 0;
};

/// Gives every node its path; here aliases become copies, so here they are counted.
class Finisher {
 public:
  explicit Finisher(const Builder& builder) : builder_(builder) {}

  ConfigNode finish(const Raw& raw, std::string path, std::size_t depth) {
    ConfigNode node;
    node.mark = builder_.place(raw.mark);
    size_ += raw.text.size() + path.size() + node.mark.file.size();
    if (++nodes_ > ConfigLimits::nodes || size_ > ConfigLimits::total_size || depth > ConfigLimits::depth + 1)
      throw Fault{node.mark, "aliases make the configuration too large; write fewer of them"};
    node.type = raw.type;
    node.text = raw.text;
    node.quoted = raw.quoted;
    node.faulty = raw.faulty;
    node.from_environment = raw.from_environment;
    for (std::size_t i = 0; i < raw.items.size(); ++i) {
      const Raw& item = *raw.items[i];
      if (raw.type == ConfigNode::Type::sequence) {
        node.items.push_back(finish(item, concat(path, "[", i, "]"), depth + 1));
      } else {
        const auto& [key, mark] = raw.keys[i];
        std::string inner = path.empty() ? key : concat(path, ".", key);
        node.entries.push_back({key, builder_.place(mark), finish(item, std::move(inner), depth + 1)});
        // Nothing has no place of its own.
        ConfigNode& value = node.entries.back().value;
        if (value.type == ConfigNode::Type::null) value.mark = node.entries.back().mark;
      }
    }
    node.path = std::move(path);
    return node;
  }

 private:
  const Builder& builder_;
  std::size_t nodes_ = 0, size_ = 0;
};

/// The library's words are about its grammar; these are about the file.
std::string plain_message(const std::string& message) {
  static const std::pair<std::string_view, std::string_view> plain[] = {
      {"end of map not found", "the indentation does not fit the lines above, or a ':' is missing"},
      {"end of sequence not found", "the indentation does not fit the list above, or a '-' is missing"},
      {"end of map flow not found", "a map '{' is not closed, or a ',' is missing in it"},
      {"end of sequence flow not found", "a list '[' is not closed, or a ',' is missing in it"},
      {"illegal map value", "a ':' where none can be; put a value that holds one in quotes"},
      {"illegal map key", "an option cannot begin here; check the indentation"},
      {"illegal block entry", "a list item cannot begin here; check the indentation"},
      {"illegal flow end", "a bracket is closed that was never opened"},
      {"illegal EOF in scalar", "a quotation mark is not closed"},
      {"illegal document indicator in scalar", "a quotation mark is not closed"},
      {"unknown token", "a character that cannot begin a value; put the value in quotes"},
      {"unknown escape character: ", "a backslash with an unknown letter; use single quotes, or double the backslash"},
      {"the referenced anchor is not defined", "an alias '*' of something that was not marked with '&' before"},
      {"cannot assign multiple anchors to the same node", "a value has two anchors '&'; leave one"},
  };
  for (const auto& [theirs, ours] : plain)
    if (message.starts_with(theirs)) return std::string(ours);
  return concat("not valid YAML: ", message);
}

}  // namespace

ConfigNode parse_config(std::string_view text, const std::string& name, Problems& problems,
                        const Environment& environment) {
  const auto fail = [&](Mark mark, std::string message) {
    problems.push_back({std::move(mark), {}, std::move(message)});
    return ConfigNode{.mark = {name, 1, 1}};
  };
  if (text.size() > ConfigLimits::file_size) return fail({name, 0, 0}, "is larger than 4 MiB; is it a configuration?");
  if (const std::size_t bad = first_bad_byte(text); bad != std::string_view::npos)
    return fail(place_of(text, bad, name), "a byte that is not text; save the file as UTF-8");

  Builder builder(text, name, problems, environment);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
    if (!builder.root()) return ConfigNode{.mark = {name, 1, 1}};
    return Finisher(builder).finish(*builder.root(), {}, 1);
  } catch (const Fault& fault) {
    return fail(fault.mark, fault.message);
  } catch (const YAML::Exception& e) {
    const Mark mark = builder.place(e.mark);
    if (const int line = tab_line(text, mark.line); line > 0)
      return fail({name, line, 1}, "indented with a tab; use spaces");
    std::string message = plain_message(e.msg);
    const std::string_view line = text.substr(std::min(offset_of(line_starts(text), mark.line - 1, 0), text.size()));
    if (line.substr(0, line.find('\n')).find("${") != std::string_view::npos)
      message += "; a ${NAME} between brackets must stand in quotes";
    return fail(mark, std::move(message));
  }
}

ConfigNode read_config_file(const std::filesystem::path& file, Problems& problems,
                            std::optional<std::chrono::milliseconds> patience, const Environment& environment) {
  const std::string name = file.string();
  const auto fail = [&](int code) {
    problems.push_back(
        {{name, 0, 0},
         {},
         concat("cannot be read: ", std::generic_category().message(code), "; name the configuration with -c FILE")});
    return ConfigNode{.mark = {name, 0, 0}};
  };
  const int descriptor = ::open(file.c_str(), O_RDONLY | (patience ? O_NONBLOCK : 0) | O_CLOEXEC);
  if (descriptor < 0) return fail(errno);
  std::string content;
  int code = 0;
  for (char buffer[16 * 1024]; content.size() <= ConfigLimits::file_size;) {
    pollfd readable{descriptor, POLLIN, 0};
    if (patience && ::poll(&readable, 1, static_cast<int>(patience->count())) == 0) {
      code = ETIMEDOUT;
      break;
    }
    const ssize_t count = ::read(descriptor, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) code = errno;
    if (count <= 0) break;
    content.append(buffer, static_cast<std::size_t>(count));
  }
  ::close(descriptor);
  return code != 0 ? fail(code) : parse_config(content, name, problems, environment);
}

}  // namespace trafficd
